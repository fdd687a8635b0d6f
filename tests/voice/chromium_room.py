#!/usr/bin/env python3
"""Chromium in a voice room: two ordinary peers, and a member whose media is a browser, hear each other.

Connections, Opus and SFrame of that member are Chromium's own (RTCRtpScriptTransform and WebCrypto, `sframe_worker.js`);
its keys, membership and signatures are those of a node, `crates/io/node/examples/browser_member`. With wrong keys, or none,
the same page opens nothing and is not heard. The worker's SFrame is first compared with the vector of RFC 9605.
Needs `chromium`, `espeak-ng`, `node` and root. Build first: `cargo build --bins` and
`cargo build -p hearth-node --example browser_member`.
"""

import array
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))

import lab as network  # noqa: E402
from bridge import CHROMIUM, FAKE_DEVICES, browse  # noqa: E402
from lab import figure, run, until  # noqa: E402
from peers import Peer, target  # noqa: E402
from sound import best_match, envelope, need_espeak, read, speech  # noqa: E402
from talk_in_a_room import room_of  # noqa: E402

MEMBER = os.path.join(target(), os.environ.get("HEARTH_PROFILE", "debug"), "examples", "browser_member")
TURN_S = 5.5
ALIKE = 0.75
UNLIKE = 0.4
MOST_LAG_S = 20.0

VECTOR = """
const s = require(process.argv[1]);
(async () => {
  const keys = await s.derive(0x123n, s.bytesOf("000102030405060708090a0b0c0d0e0f"));
  const plain = s.bytesOf("64726166742d696574662d736672616d652d656e63"), metadata = s.bytesOf("4945544620534672616d65205747");
  const sealed = await s.encrypt(keys, 0x123n, 0x4567n, plain, metadata);
  const opened = await s.decrypt(keys, s.parse(sealed), sealed, metadata);
  console.log(s.hexOf(sealed), s.hexOf(opened) === s.hexOf(plain));
})();
"""
# RFC 9605, appendix C.3, AES_128_GCM_SHA256_128.
SEALED = "9901234567b7412c2513a1b66dbb48841bbaf17f598751176ad847681a69c6d0b091c07018ce4adb34eb"


class Member(Peer):
    """A member whose media is a page in Chromium."""

    program = MEMBER

    def __init__(self, lab, host, name, keys="right"):
        self.heard = lab.path(f"{name}.heard")
        os.mkdir(self.heard)
        page = os.path.join(HERE, "chromium_room.html")
        super().__init__(lab, host, name, args=("--page", page, "--heard", self.heard, "--keys", keys))

    def browse(self, lab, room, said):
        """Opens the page, which goes into the room; `said` is what its microphone will pick up."""
        name = f"{self.name}.chromium"
        self.browser_log = lab.path(f"{name}.log")
        browse(
            lab, f"{self.wait('page.at')['url']}#{room}", *FAKE_DEVICES,
            f"--use-file-for-fake-audio-capture={said}%noloop", "--enable-logging=stderr",
            name=name, command=lambda words: self.host.command(*words),
        )

    def report(self):
        """How the page fares."""
        return self.last("page").get("report", {})

    def ear(self, peer):
        """What Chromium played of a peer."""
        path = os.path.join(self.heard, f"{peer.peer}.s16")
        samples = array.array("h")
        if os.path.exists(path):
            with open(path, "rb") as file:
                data = file.read()
            samples.frombytes(data[: len(data) // 2 * 2])
        return samples

    def tell(self):
        """For whoever looks why it failed."""
        print("page:", self.report(), "call:", self.last("page.call"), "stderr:", self.tail())
        with open(self.browser_log, errors="replace") as out:
            print("--- chromium\n" + out.read()[-3000:])


def room_with_browser(lab, names, keys="right"):
    """Ordinary peers and one in a browser, of one community, linked; its voice room."""
    (*peers, member), _, room = room_of(lab, names, lambda lab, host: Member(lab, host, "web", keys))
    return peers, member, room


def meet(lab, peers, member, room, said):
    """Everybody goes in, and has a way to everybody."""
    start = time.monotonic()
    for peer in peers:
        peer.ask("voice.sink", wav=str(lab.path(f"{peer.name}.heard.wav")))
        peer.ask("voice.join", channel=room)
    member.browse(lab, room, said)

    def all_linked():
        states = member.report().get("states", {})
        ways = [o["route"] for p in peers for o in p.ask("voice.stats")["peers"]]
        return len(ways) == len(peers) ** 2 and all(ways) and list(states.values()) == ["connected"] * len(peers)

    until(all_linked, 60, "a way to everybody")
    figure("from the first join to a way to everybody", f"{time.monotonic() - start:.1f} s")


def talk(lab, peers, member, total_s):
    """Everybody speaks from the file that was made for it; gives the stats from the end."""
    member.ask("voice.source", wav=None)
    for peer in peers:
        peer.ask("voice.source", wav=str(lab.path(f"{peer.name}.said.wav")), process=False)
    time.sleep(total_s + 1)
    return {p.name: {o["peer"]: o for o in p.ask("voice.stats")["peers"]} for p in peers}


def speeches(lab, names, total_s):
    return {
        name: envelope(speech(lab.path(f"{name}.said.wav"), n, 1 + n * TURN_S, total_s)) for n, name in enumerate(names)
    }


def frames_of(envelope_):
    """Frames of 20 ms that hold speech; of silence few are sent, or none."""
    return sum(v > 1.0 for v in envelope_) // 2


def leave(peers, member):
    member.ask("voice.leave")
    for peer in peers:
        peer.ask("voice.leave")
        peer.stop()


def everybody_hears_everybody(lab):
    need_espeak()
    names = ["p0", "p1"]
    peers, member, room = room_with_browser(lab, names)
    total_s = 3 * TURN_S + 3
    said = speeches(lab, [*names, "web"], total_s)
    try:
        meet(lab, peers, member, room, lab.path("web.said.wav"))
        stats = talk(lab, peers, member, total_s)
    except AssertionError:
        member.tell()
        raise
    report, call = member.report(), member.last("page.call")
    leave(peers, member)
    figure("the page's counts", {"sealed": report["sealed"], **{p.name: report["peers"].get(p.peer) for p in peers}})
    assert not report["errors"], report["errors"]
    for peer in peers:
        heard = envelope(read(lab.path(f"{peer.name}.heard.wav")))
        alike, lag = best_match(said["web"], heard, MOST_LAG_S)
        seen = stats[peer.name][member.peer]
        proven = "proven" if seen["proven"] else "unproven"
        figure(f"the page, to {peer.name}", report["roles"][peer.peer])
        figure(f"{peer.name} hears Chromium", f"{alike:.3f}, {proven}, {seen['concealed']} of {seen['played']} blocks made up")
        other = next(p for p in peers if p is not peer)
        figure(f"{peer.name} hears {other.name}", f"{best_match(said[other.name], heard, MOST_LAG_S)[0]:.3f}")
        ear = envelope(member.ear(peer))
        back, _ = best_match(said[peer.name], ear, MOST_LAG_S)
        cross, _ = best_match(said[other.name], ear, MOST_LAG_S)
        figure(f"Chromium hears {peer.name}", f"{back:.3f} (and {other.name} on the same way: {cross:.3f})")
        assert alike >= ALIKE, f"{peer.name} hears Chromium: {alike:.2f} at {lag} s"
        assert back >= ALIKE, f"Chromium hears {peer.name}: {back:.2f}"
        assert seen["proven"], f"Chromium's voice is not proven at {peer.name}"
        assert call["proven"].get(peer.peer), f"{peer.name}'s voice is not proven at Chromium's member"
        counts, spoken = report["peers"][peer.peer], frames_of(said[peer.name])
        figure(f"frames of {peer.name}", f"{spoken} of speech, {counts['opened']} opened by the page, {call['opened'][peer.peer]} by ours")
        assert counts["opened"] >= spoken * 0.9 and counts["refused"] == counts["keyless"] == 0, counts
    figure("load", f"{os.getloadavg()[0]:.1f}")


def nothing_opens(lab, keys):
    need_espeak()
    peers, member, room = room_with_browser(lab, ["p0"], keys)
    (peer,) = peers
    total_s = 2 * TURN_S + 2
    said = speeches(lab, ["p0", "web"], total_s)
    try:
        meet(lab, peers, member, room, lab.path("web.said.wav"))
        stats = talk(lab, peers, member, total_s)
    except AssertionError:
        member.tell()
        raise
    report = member.report()
    leave(peers, member)
    counts = report["peers"].get(peer.peer)
    if not counts:
        member.tell()
    assert counts, "nothing came to the page"
    alike, _ = best_match(said["web"], envelope(read(lab.path("p0.heard.wav"))), MOST_LAG_S)
    ear = member.ear(peer)
    back, _ = best_match(said["p0"], envelope(ear), MOST_LAG_S)
    figure(f"the page {report['roles'][peer.peer]}; its counts", {"sealed": report["sealed"], **counts})
    figure("likeness at the peer, at Chromium", f"{alike:.3f}, {back:.3f}")
    assert not report["errors"], report["errors"]
    spoken = frames_of(said["p0"])
    assert counts["opened"] == 0 and counts["refused" if keys == "wrong" else "keyless"] >= spoken * 0.9, (counts, spoken)
    assert len(ear) > 48_000 * TURN_S, "the page recorded too little to tell"
    assert back < UNLIKE, f"Chromium hears {back:.2f} of a voice it has no key for"
    assert alike < UNLIKE, f"the peer hears {alike:.2f} of a voice sealed with another key"
    assert not stats["p0"][member.peer]["proven"], "what never opened is proven"


def with_wrong_keys_nothing_opens_either_way(lab):
    nothing_opens(lab, "wrong")


def without_keys_nothing_opens_either_way(lab):
    nothing_opens(lab, "none")


def the_worker_seals_as_the_rfc_does(_):
    worker = os.path.join(HERE, "sframe_worker.js")
    done = subprocess.run(["node", "-e", VECTOR, worker], capture_output=True, text=True)
    assert done.stdout.split() == [SEALED, "true"], done.stdout + done.stderr


if __name__ == "__main__":
    if not CHROMIUM:
        network.skip("chromium is not installed")
    if not shutil.which("node"):
        network.skip("node is not installed")
    if not os.path.exists(MEMBER):
        raise SystemExit(f"{MEMBER} is not built: cargo build -p hearth-node --example browser_member")
    run(
        the_worker_seals_as_the_rfc_does,
        everybody_hears_everybody,
        with_wrong_keys_nothing_opens_either_way,
        without_keys_nothing_opens_either_way,
    )
