#!/usr/bin/env python3
"""A real browser as the other end: Chromium's microphone goes to a media peer of ours, which sends it back.

Shows audio both ways on the browser's own statistics, on a talker's slot and a forwarding slot, audio levels in the
packets, datagrams, and a restart of ICE. Frames are plain Opus here; sealing them is above this layer.
Needs `chromium`. Build first: `cargo build -p hearth-rtc --example peer`.
"""

import http.server
import json
import os
import queue
import shutil
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import lab  # noqa: E402
from turn import PEER  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


class Bridge:
    """Carries signals between the page and a peer's standard streams."""

    def __init__(self, world):
        self.to_page = queue.Queue()
        self.page = {}
        self.state = []
        self.stats = (0, 0, 0)
        self.frames = []
        log = open(world.path("peer.log"), "wb")
        self.peer = subprocess.Popen(
            [PEER, "--echo", "--bind", "127.0.0.1:0"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
        threading.Thread(target=self._read, daemon=True).start()
        bridge = self

        class Handler(http.server.BaseHTTPRequestHandler):
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
                    with open(os.path.join(HERE, "chromium_peer.html"), "rb") as page:
                        self.answer(page.read(), "text/html")

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.path == "/send":
                    bridge.tell(body)
                else:
                    bridge.page = json.loads(body)
                self.answer(b"null")

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        world.at_end.append(self.end)
        world.at_end.append(log.close)

    def tell(self, line):
        self.peer.stdin.write(line + "\n")
        self.peer.stdin.flush()

    def _read(self):
        for line in self.peer.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "signal":
                self.to_page.put(rest)
            elif kind == "state":
                self.state.append(rest)
            elif kind == "stats":
                self.stats = tuple(int(word) for word in rest.split())
            elif kind == "frame":
                self.frames.append(rest.split())

    def end(self):
        self.server.shutdown()
        self.peer.kill()
        self.peer.wait()


def a_browser_speaks_and_hears_itself(world):
    bridge = Bridge(world)
    log = open(world.path("chromium.log"), "wb")
    browser = subprocess.Popen(
        [
            CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
            f"--user-data-dir={world.path('profile')}", "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection",
            "--disable-features=WebRtcHideLocalIpsWithMdns", "--autoplay-policy=no-user-gesture-required",
            f"http://127.0.0.1:{bridge.server.server_address[1]}/",
        ],
        stdout=log, stderr=log, start_new_session=True,
    )

    def end():
        browser.kill()
        browser.wait()
        log.close()

    world.at_end.append(end)

    def streams(packets):
        heard = [s for s in bridge.page.get("streams", []) if s["packets"] >= packets and s["energy"] > 0]
        return {s["mid"] for s in heard} >= {"0", "1"}

    try:
        lab.until(lambda: bridge.page.get("state") == "connected", 60, "the browser connected")
        lab.until(lambda: streams(300), 40, "300 packets with sound in them, on both slots")
        before = max(s["packets"] for s in bridge.page["streams"])
        lab.until(lambda: bridge.stats[1] > 250, 20, "our own count")
        lost = bridge.stats[2]
        bridge.tell("restart")
        lab.until(lambda: bridge.page["offers"] > 1, 20, "a second offer taken")
        lab.until(lambda: streams(before + 250), 40, "audio after the restart")
        lab.until(lambda: bridge.stats[1] > 500, 20, "our own count after the restart")
    except AssertionError:
        print("page:", bridge.page, "states:", bridge.state, "stats:", bridge.stats)
        for name in ("peer.log", "chromium.log"):
            with open(world.path(name), errors="replace") as out:
                print(f"--- {name}\n" + out.read()[-3000:])
        raise
    lab.figure("the page", json.dumps(bridge.page))
    lab.figure("our round trip ms, received, lost", bridge.stats)
    lab.figure("slot, level, voice, bytes", bridge.frames[-3:])
    assert not bridge.page["errors"], bridge.page["errors"]
    assert bridge.page["echoes"] > 10, "datagrams did not come back"
    assert lost == 0, "packets of the browser were lost on loopback"
    # The browser stays on the old way, whose sockets are closed on our side, until the new one stands.
    assert bridge.stats[2] < 100, "the restart silenced the browser for two seconds"
    assert any(level != "0" for _, level, _, _ in bridge.frames), "no audio level in any packet"


if __name__ == "__main__":
    if not CHROMIUM:
        lab.skip("chromium is not installed")
    if not os.path.exists(PEER):
        raise SystemExit(f"{PEER} is not built: cargo build -p hearth-rtc --example peer")
    lab.run(a_browser_speaks_and_hears_itself)
