"""curl and nginx with every kind of request, then nginx driven hard with wrk and h2load."""
import hashlib
import re

from scene import free_port

CONFIGURATION = """
worker_processes 2;
daemon off;
pid nginx.pid;
error_log error.log;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
  keepalive_requests 1000000;
  upstream behind { server 127.0.0.1:%(back)d; keepalive 32; }
  server {
    listen 127.0.0.1:%(plain)d backlog=4096; listen [::1]:%(plain)d; listen 127.0.0.1:%(h2c)d http2;
    listen 127.0.0.1:%(tls)d ssl http2; listen unix:%(folder)s/socket;
    ssl_certificate cert.pem; ssl_certificate_key key.pem;
    root .;
    location /proxied/ { proxy_pass http://behind/; proxy_http_version 1.1; proxy_set_header Connection ""; }
    location /refused { proxy_pass http://127.0.0.1:%(nobody)d; }
    location /put/ { dav_methods PUT DELETE; client_max_body_size 100m; }
    location /who { return 200 "$remote_addr $server_addr\\n"; }
    location /moved { return 302 /small; }
  }
  server { listen 127.0.0.1:%(back)d backlog=4096; root .; }
}
"""


def start_nginx(scene):
    ports = {name: free_port() for name in ("plain", "h2c", "tls", "back", "nobody")}
    scene.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "key.pem",
              "-out", "cert.pem", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    (scene.folder / "small").write_text("small\n")
    (scene.folder / "large").write_bytes(bytes(range(256)) * 40960)
    (scene.folder / "put").mkdir(exist_ok=True)
    scene.work.chmod(0o755)
    scene.folder.chmod(0o700)
    (scene.folder / "nginx.conf").write_text("user root;\n" * (not scene.account) + CONFIGURATION % (ports | {"folder": scene.folder}))
    scene.start("nginx", "-p", scene.folder, "-c", scene.folder / "nginx.conf", port=ports["plain"])
    return ports


def requests(scene, ports):
    """Name to the arguments of curl."""
    at = "http://127.0.0.1:%d" % ports["plain"]
    tls = "https://localhost:%d" % ports["tls"]
    cacert = ["--cacert", scene.folder / "cert.pem"]
    return {
        "GET": [at + "/small"],
        "GET large": [at + "/large"],
        "GET over IPv6": ["-g", "http://[::1]:%d/small" % ports["plain"]],
        "GET by name": ["http://localhost:%d/small" % ports["plain"]],
        "HEAD": ["-I", "-w", "%{size_header}", "-o", "/dev/null", at + "/small"],
        "range": ["-r", "1000-1999", at + "/large"],
        "two on one connection": ["-w", "%{num_connects}\n", at + "/small", at + "/small"],
        "fifty in parallel": ["-Z", "--parallel-max", "50", "--no-progress-meter", at + "/small?[1-50]"],
        "PUT": ["-T", scene.folder / "large", "-w", "%{http_code}", at + "/put/large"],
        "POST not allowed": ["-d", "x=1", "-w", "%{http_code}", "-o", "/dev/null", at + "/small"],
        "redirected by the server": ["-L", at + "/moved"],
        "not there": ["-w", "%{http_code}", "-o", "/dev/null", at + "/nothing"],
        "TLS": [*cacert, tls + "/large"],
        "TLS, HTTP/2": [*cacert, "--http2", "-w", "%{http_version}", tls + "/small"],
        "HTTP/2 without TLS": ["--http2-prior-knowledge", "http://127.0.0.1:%d/large" % ports["h2c"]],
        "proxied": [at + "/proxied/large"],
        "behind it nobody": ["-w", "%{http_code}", "-o", "/dev/null", at + "/refused"],
        "own address": ["--interface", "127.0.0.1", at + "/small"],
        "another own address": ["--interface", "127.3.2.1", at + "/who"],
        "own port": ["--local-port", "%d" % free_port(), at + "/small"],
        "Unix socket": ["--unix-socket", scene.folder / "socket", "http://x/small"],
        "nobody listens": ["http://127.0.0.1:%d/" % ports["nobody"]],
        "who the server sees": [at + "/who"],
        "peer that curl sees": ["-o", "/dev/null", "-w", "%{remote_ip} %{local_ip}", at + "/small"],
        "connect-timeout": ["--connect-timeout", "5", at + "/small"],
        "TCP Fast Open": ["--tcp-fastopen", at + "/small"],
        "limited rate": ["--limit-rate", "20M", at + "/large"],
    }


def curl(scene, only=None):
    ports, found = start_nginx(scene), {}
    for name, words in requests(scene, ports).items():
        status, said = scene.run("curl", "-sS", *words)
        said = re.sub(r"port \d+|after \d+ ms|:\d{5}", "", said)
        found[name] = "%s %s" % (status, said[:120] if len(said) < 121 else hashlib.sha256(said.encode()).hexdigest()[:16])
    return found


def wrk(scene, only=None):
    """Which errors there were; how many requests, is no outcome."""
    ports, found = start_nginx(scene), {}
    for name, connections, path, header in [
            ("kept open", 200, "small", ()), ("closed", 50, "small", ("-H", "Connection: close")), ("large", 4, "large", ()),
            ("proxied", 100, "proxied/small", ())]:
        status, said = scene.run("wrk", "-t2", "--timeout", "30s", "-c%d" % connections, "-d3s", *header,
                                 "http://127.0.0.1:%d/%s" % (ports["plain"], path))
        worked = re.search(r"([1-9]\d*) requests in", said) is not None
        errors = re.findall(r"(?:Socket errors|Non-2xx).*", said)
        found["wrk " + name] = "%s %s %s" % (status, worked, " ".join(errors))
    for name, words in {
            "h2c, 100 streams": ["-c50", "-m100", "-n20000", "http://127.0.0.1:%d/small" % ports["h2c"]],
            "TLS, 10 streams": ["-c50", "-m10", "-n5000", "https://127.0.0.1:%d/small" % ports["tls"]],
            "HTTP/1.1": ["--h1", "-c100", "-n5000", "http://127.0.0.1:%d/small" % ports["plain"]]}.items():
        status, said = scene.run("h2load", *words)
        found["h2load " + name] = "%s %s" % (status, "".join(re.findall(r"requests: .*|status codes: .*", said)))
    return found


SUITES = {"curl and nginx": curl, "wrk and h2load": wrk}
