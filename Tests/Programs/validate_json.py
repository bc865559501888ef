"""Validates JSON texts, one a line: `validate_json.py SCHEMA`. Answers each with `good` or with what is wrong."""
import json
import sys

import jsonschema

with open(sys.argv[1]) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
print("ready", flush=True)
for line in sys.stdin:
    error = next(validator.iter_errors(json.loads(line)), None)
    print(" ".join(f"{error.json_path}: {error.message}".split())[:500] if error else "good", flush=True)
