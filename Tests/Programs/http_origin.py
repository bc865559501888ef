"""An HTTP origin that serves one file: `http_origin.py FILE`. /hold stops in the middle until SIGUSR1."""
import http.server
import signal
import sys
import threading

release = threading.Semaphore(0)
with open(sys.argv[1], "rb") as file:
    body = file.read()


def say(text):
    print(text, flush=True)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.path == "/hold":
            say("holding")
            release.acquire()
        self.wfile.write(body[half:])
        say("served " + self.path)

    def log_message(self, *arguments):
        pass


signal.signal(signal.SIGUSR1, lambda number, frame: release.release())
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
say("listening %d" % server.server_port)
while True:
    signal.pause()
