#!/usr/bin/env python3
"""Voice through a real TURN server: coturn over UDP, and over TLS and TCP where every UDP packet is dropped.

Needs `turnserver`, `openssl`, `nft` and root. Build first: `cargo build -p hearth-rtc --example peer`.
"""

import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import lab  # noqa: E402

TARGET = os.environ.get("CARGO_TARGET_DIR") or os.path.expanduser("~/.cache/hearth/target")
PEER = os.environ.get("HEARTH_RTC_PEER") or os.path.join(
    TARGET, os.environ.get("HEARTH_PROFILE", "debug"), "examples", "peer"
)


class Side:
    """One media peer, on its own host."""

    def __init__(self, world, host, *args):
        self.other = None
        self.state = []
        self.stats = (0, 0, 0)
        self.datagrams = 0
        self.signals = []
        self.log = open(world.path(f"{host.name}.log"), "wb")
        self.process = subprocess.Popen(
            host.command(PEER, *args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        world.at_end.append(self.end)

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def run(self, other):
        """Carries this side's signals to `other` from now on."""
        self.other = other
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "signal":
                self.signals.append(rest)
                self.other.process.stdin.write(rest + "\n")
                self.other.process.stdin.flush()
            elif kind == "state":
                self.state.append(rest)
            elif kind == "stats":
                self.stats = tuple(int(word) for word in rest.split())
            elif kind == "datagrams":
                self.datagrams = int(rest)


def certificates(world, address):
    """A private authority and a certificate for `address`."""

    def openssl(*words):
        lab.sh("openssl", *words)

    key, ca = world.path("ca.key"), world.path("ca.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
            "-out", ca, "-days", "2", "-subj", "/CN=Test authority")
    leaf_key, request, leaf, extra = (world.path(name) for name in ("turn.key", "turn.csr", "turn.pem", "turn.ext"))
    with open(extra, "w") as out:
        out.write(f"subjectAltName=IP:{address}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", leaf_key,
            "-out", request, "-subj", "/CN=turn")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", key, "-CAcreateserial", "-out", leaf, "-days", "2",
            "-extfile", extra)
    return ca, leaf, leaf_key


def turnserver(world, host):
    """coturn on `host`; gives the authority to trust."""
    ca, leaf, key = certificates(world, host.address)
    log = open(world.path("turn.log"), "wb")
    process = subprocess.Popen(
        host.command(
            "turnserver", "-n", "--no-cli", "--listening-ip", host.address, "--relay-ip", host.address, "--lt-cred-mech",
            "--user", "hearth:secret", "--realm", "hearth", "--cert", leaf, "--pkey", key, "--log-file", "stdout",
            "--no-multicast-peers", "--db", world.path("turn.db"), "--pidfile", world.path("turn.pid"),
        ),
        stdout=log, stderr=log,
    )

    def end():
        process.kill()
        process.wait()
        log.close()

    world.at_end.append(end)
    lab.until(lambda: ":5349" in host.sh("ss", "-tln").stdout, 20, "coturn listens")
    return ca


def drop_udp(host):
    """Nothing but TCP leaves or enters this machine."""
    host.nft("""
table inet cut {
  chain out { type filter hook output priority 0
    oifname "eth0" meta l4proto udp counter drop
  }
  chain in { type filter hook input priority 0
    iifname "eth0" meta l4proto udp counter drop
  }
}
""")


def watch(host, other):
    """Counts what passes between this machine and `other` without a detour."""
    host.nft(f"""
table inet seen {{
  counter direct {{}}
  chain out {{ type filter hook output priority -10
    ip daddr {other.address} counter name direct
  }}
  chain in {{ type filter hook input priority -10
    ip saddr {other.address} counter name direct
  }}
}}
""")


def straight(host):
    listed = host.sh("nft", "list", "counter", "inet", "seen", "direct").stdout
    return int(listed.split("packets")[1].split()[0])


def talk(world, url, without_udp):
    left, right, server = world.lan("left", "right", "server")
    ca = turnserver(world, server)
    for host, other in ((left, right), (right, left)):
        if without_udp:
            drop_udp(host)
        watch(host, other)
    url = url.format(server.address)
    common = ["--relay-only", "--ca", ca, "--server", url, "hearth", "secret"]
    start = time.monotonic()
    a = Side(world, left, *common)
    b = Side(world, right, "--polite", *common)
    a.run(b)
    b.run(a)
    try:
        for side in (a, b):
            lab.until(lambda side=side: "Connected(Turn)" in side.state, 30, f"connected through {url}: {a.state} {b.state}")
        lab.figure(f"connected through {url} after", f"{time.monotonic() - start:.2f} s")
        for side in (a, b):
            lab.until(lambda side=side: side.stats[1] > 300 and side.datagrams > 20, 30, f"300 packets: {side.stats}")
    except AssertionError:
        for name in os.listdir(world.folder):
            if name.endswith(".log"):
                with open(world.path(name), errors="replace") as log:
                    print(f"--- {name}\n" + log.read()[-3000:])
        raise
    lab.figure("round trip ms, received, lost", f"{a.stats} and {b.stats}, {a.datagrams} and {b.datagrams} datagrams")
    assert a.stats[2] == 0 and b.stats[2] == 0, "frames were lost on a quiet network"
    for host in (left, right):
        assert straight(host) == 0, f"{straight(host)} packets between {left.address} and {right.address}"
    for side, own in ((a, left), (b, right)):
        assert not any(own.address in signal for signal in side.signals), "an address that should be hidden was told"


def turn_over_udp_hides_the_address(world):
    talk(world, "turn:{}:3478", without_udp=False)


def turn_over_tls_where_udp_is_dropped(world):
    talk(world, "turns:{}:5349", without_udp=True)


def turn_over_tcp_where_udp_is_dropped(world):
    talk(world, "turn:{}:3478?transport=tcp", without_udp=True)


if __name__ == "__main__":
    for tool in ("turnserver", "openssl", "nft", "ss"):
        if not any(os.access(os.path.join(folder, tool), os.X_OK) for folder in os.environ["PATH"].split(":")):
            lab.skip(f"{tool} is not installed")
    if os.geteuid() != 0:
        lab.skip("needs root")
    if not os.path.exists(PEER):
        raise SystemExit(f"{PEER} is not built: cargo build -p hearth-rtc --example peer")
    lab.run(turn_over_udp_hides_the_address, turn_over_tls_where_udp_is_dropped, turn_over_tcp_where_udp_is_dropped)
