"""One file for each row of the table (DESIGN P1 to P9)."""
from . import bulk, data_path, hops, live_flows, overlapped, query, redirected, start_up, unmatched

ROWS = {
    "P1": start_up.measure,
    "P2": unmatched.measure,
    "P3": redirected.measure,
    "P4": query.measure,
    "P5": bulk.measure,
    "P6": hops.measure,
    "P7": live_flows.measure,
    "P8": data_path.measure,
    "P9": overlapped.measure,
}
