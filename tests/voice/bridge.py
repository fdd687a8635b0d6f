"""A page in Chromium beside a process of ours: the browser, and a bridge between the two that carries their signals."""

import http.server
import json
import os
import queue
import shutil
import subprocess
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FAKE_DEVICES = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


def browse(world, url, *flags, name="chromium", command=list):
    """Opens `url` in a fresh headless browser that ends with `world`; `command` says where it runs."""
    log = open(world.path(f"{name}.log"), "wb")
    browser = subprocess.Popen(
        command([
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
            f"--user-data-dir={world.path(f'{name}.profile')}", "--disable-features=WebRtcHideLocalIpsWithMdns",
            "--autoplay-policy=no-user-gesture-required", *flags, url,
        ]),
        stdout=log, stderr=log, start_new_session=True,
    )

    def end():
        browser.kill()
        browser.wait()
        log.close()

    world.at_end.append(end)


class Bridge:
    """Lines of a process to the page that polls for them, and what the page posts back to the process.

    The page's last word about itself is `said`. A subclass takes the process's other lines and the page's other posts.
    """

    def __init__(self, world, command, page):
        self.to_page = queue.Queue()
        self.said = {}
        log = open(world.path("peer.log"), "wb")
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        threading.Thread(target=self._read, daemon=True).start()
        bridge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body, kind="application/json"):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                try:
                    self.end_headers()
                    self.wfile.write(body)
                except ConnectionError:
                    pass  # the page left while it waited

            def do_GET(self):
                if self.path == "/poll":
                    try:
                        self.answer(bridge.to_page.get(timeout=1).encode())
                    except queue.Empty:
                        self.answer(b"null")
                else:
                    with open(os.path.join(HERE, page), "rb") as file:
                        self.answer(file.read(), "text/html")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/send":
                    bridge.tell(body.decode())
                elif not bridge.posted(self.path, body):
                    bridge.said = json.loads(body)
                self.answer(b"null")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        world.at_end.append(self.end)
        world.at_end.append(log.close)

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def line(self, kind, rest):
        """A line of the process that is no signal."""

    def posted(self, path, body):
        """Whether a post of the page was taken."""
        return False

    def _read(self):
        for line in self.process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "signal":
                self.to_page.put(rest)
            else:
                self.line(kind, rest)

    def end(self):
        self.server.shutdown()
        self.process.kill()
        self.process.wait()
