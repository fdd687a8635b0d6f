"""A network on one machine: hosts are network namespaces, wires are veth pairs, switches are bridges.

The whole program runs again inside mount, network and process namespaces of its own (with root, or as a plain user where
the system allows user namespaces). Whatever happens to it, nothing is left behind and nothing leaves the machine.
Where namespaces can't be had it prints SKIP and ends with code 77. Standard library only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

INSIDE = "HEARTH_LAB"
SKIPPED = 77


def enter():
    """Runs this program again inside its own namespaces; returns only there."""
    if os.environ.get(INSIDE):
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)
        os.makedirs("/run/netns", exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "lab", "/run/netns"], check=True)
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        return
    wanted = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.geteuid() != 0:
        wanted[1:1] = ["--user", "--map-root-user"]
    for tool in ("unshare", "nsenter", "ip"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    if os.geteuid() != 0 and not os.path.isdir("/run/netns"):
        skip("needs root once, to make /run/netns")
    probe = subprocess.run(wanted + ["ip", "link", "add", "probe", "type", "bridge"], capture_output=True, text=True)
    if probe.returncode != 0:
        skip("network namespaces need root here: " + probe.stderr.strip())
    os.environ[INSIDE] = "1"
    sys.stdout.flush()
    os.execvp("unshare", wanted + [sys.executable] + sys.argv)


def skip(why):
    print(f"SKIP {os.path.basename(sys.argv[0])}: {why}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(SKIPPED)


def sh(*words, check=True):
    done = subprocess.run(words, capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done


class Host:
    """A machine: a network namespace with one wire, `eth0`."""

    def __init__(self, name, address):
        self.name = name
        self.address = address.split("/")[0]
        self.port = f"p-{name}"[:15]

    def command(self, *words):
        """`words`, to be run on this host."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *words]

    def sh(self, *words, check=True):
        return sh(*self.command(*words), check=check)

    def nft(self, rules):
        """Adds packet filter rules."""
        done = subprocess.run(self.command("nft", "-f", "-"), input=rules, text=True, capture_output=True)
        if done.returncode != 0:
            raise RuntimeError(f"nft: {done.stderr.strip()}")


class Lab:
    """The wires and switches of one check, and a folder that goes when it ends."""

    made = 0

    def __init__(self):
        Lab.made += 1
        self.tag = Lab.made
        self.folder = tempfile.mkdtemp(prefix="hearth-lab-")
        self.hosts = []
        self.bridges = []
        self.at_end = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for end in reversed(self.at_end):
            end()
        for host in self.hosts:
            sh("ip", "netns", "del", host.name, check=False)
        for name in self.bridges:
            sh("ip", "link", "del", name, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def bridge(self, name="lan"):
        """A switch."""
        link = f"{name}{self.tag}"
        sh("ip", "link", "add", link, "type", "bridge")
        sh("ip", "link", "set", link, "up")
        self.bridges.append(link)
        return link

    def namespace(self, name):
        full = f"{name}{self.tag}"
        sh("ip", "netns", "add", full)
        return full

    def wire(self, host, bridge, address, device="eth0", port=None):
        """A cable from the host's `device` to the switch."""
        port = port or host.port
        sh("ip", "link", "add", port, "type", "veth", "peer", "name", device, "netns", host.name)
        sh("ip", "link", "set", port, "master", bridge, "up")
        host.sh("ip", "address", "add", address, "dev", device)
        host.sh("ip", "link", "set", device, "up")

    def host(self, name, bridge, address, gateway=None):
        """A machine on the switch, with `address` such as `10.1.0.2/24`."""
        host = Host(self.namespace(name), address)
        self.hosts.append(host)
        host.sh("ip", "link", "set", "lo", "up")
        self.wire(host, bridge, address)
        if gateway:
            host.sh("ip", "route", "add", "default", "via", gateway)
        return host

    def lan(self, *names):
        """Machines on one switch, 10.1.0.0/24, with no other address in reach."""
        self.switch = self.bridge()
        return [self.host(name, self.switch, f"10.1.0.{i + 1}/24") for i, name in enumerate(names)]

    def routed(self, left, right):
        """Two machines in two subnets behind one router, which passes no multicast on."""
        west, east = self.bridge("west"), self.bridge("east")
        router = Host(self.namespace("router"), "10.1.0.254/24")
        self.hosts.append(router)
        self.wire(router, west, "10.1.0.254/24", "west", f"rw{self.tag}")
        self.wire(router, east, "10.2.0.254/24", "east", f"re{self.tag}")
        router.sh("sysctl", "-qw", "net.ipv4.ip_forward=1")
        return self.host(left, west, "10.1.0.1/24", "10.1.0.254"), self.host(right, east, "10.2.0.1/24", "10.2.0.254")

    def home(self, name, outside, outer, n, forward=None):
        """A machine in 192.168.n.0/24 behind a router on the switch `outside`, with the address `outer` there.

        The router gives every connection a random port of its own (a symmetric NAT), and lets nothing in that was not
        asked for, but TCP to the port `forward`.
        """
        inside = self.bridge(f"in{n}")
        router = Host(self.namespace(f"r-{name}"), outer)
        self.hosts.append(router)
        self.wire(router, outside, outer, "out", f"o{n}-{self.tag}")
        self.wire(router, inside, f"192.168.{n}.1/24", "in", f"i{n}-{self.tag}")
        router.sh("ip", "link", "set", "lo", "up")
        router.sh("sysctl", "-qw", "net.ipv4.ip_forward=1")
        host = self.host(name, inside, f"192.168.{n}.2/24", f"192.168.{n}.1")
        let_in = f'iifname "out" tcp dport {forward} dnat to {host.address}' if forward else ""
        router.nft(f"""
table ip home {{
  chain translate {{ type nat hook postrouting priority srcnat
    oifname "out" masquerade random,fully-random
  }}
  chain let_in {{ type nat hook prerouting priority dstnat
    {let_in}
  }}
  chain pass {{ type filter hook forward priority filter
    iifname "out" ct status dnat accept
    iifname "out" ct state established,related accept
    iifname "out" drop
  }}
  chain own {{ type filter hook input priority filter
    iifname "out" drop
  }}
}}
""")
        return host, router

    def cut(self, away):
        """Pulls these machines off the switch and onto one of their own."""
        other = f"cut{self.tag}"
        if other not in self.bridges:
            self.bridge("cut")
        for host in away:
            sh("ip", "link", "set", host.port, "master", other)

    def heal(self, away):
        """Plugs them back in."""
        for host in away:
            sh("ip", "link", "set", host.port, "master", self.switch)


def until(condition, deadline_s, what):
    """Polls `condition` until it is true and gives its value and the seconds it took."""
    start = time.monotonic()
    while True:
        value = condition()
        took = time.monotonic() - start
        if value:
            return value, took
        if took > deadline_s:
            raise AssertionError(f"not within {deadline_s} s: {what}")
        time.sleep(0.02)


def figure(name, value):
    """A measured value, for the reader."""
    print(f"    {name}: {value}")


def run(*checks):
    """Runs each check in a lab of its own and closes with `N passed, N failed`."""
    enter()
    passed = failed = 0
    only = sys.argv[1:]
    for check in checks:
        if only and check.__name__ not in only:
            continue
        start = time.monotonic()
        try:
            with Lab() as lab:
                check(lab)
            passed += 1
            print(f"ok   {check.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001: whatever went wrong, the other checks still run
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print(f"FAIL {check.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)
