"""Drives `hearth-cli` over its control protocol: one JSON object a line in, one out. Standard library only."""

import json
import os
import queue
import subprocess
import threading
import time


def target():
    return os.environ.get("CARGO_TARGET_DIR") or os.path.expanduser("~/.cache/hearth/target")


def binary(variable, name):
    """Path of a built program, by its environment variable or from the target folder."""
    path = os.environ.get(variable) or os.path.join(target(), os.environ.get("HEARTH_PROFILE", "debug"), name)
    if not os.path.exists(path):
        raise SystemExit(f"{path} is not built: cargo build --workspace --bins (or set {variable})")
    return path


class Refused(Exception):
    """An `err` answer."""

    def __init__(self, cmd, err):
        super().__init__(f"{cmd}: {err.get('code')}: {err.get('message')}")
        self.code = err.get("code")
        self.message = err.get("message", "")


class Gone(Exception):
    """The process ended while somebody waited for it."""


class Peer:
    """One running `hearth-cli`, or another program that speaks its lines."""

    program = None

    def __init__(self, lab, host, name, home=None, args=(), env=None, wait_ready=True):
        self.name = name
        self.host = host
        self.home = home or lab.path(f"{name}.home")
        self.log = lab.path(f"{name}.log")
        self.events = []
        self._answers = {}
        self._answer_count = 0
        self._changed = threading.Condition()
        self._ended = False
        self._next = 0
        self._out = queue.Queue()
        words = [self.program or binary("HEARTH_CLI", "hearth-cli"), "--home", self.home, "--name", name, *args]
        self.started = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                host.command(*words) if host else words,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                env={**os.environ, **(env or {})},
            )
        lab.at_end.append(self.kill)
        threading.Thread(target=self._read, daemon=True).start()
        threading.Thread(target=self._write, daemon=True).start()
        if wait_ready:
            ready = self.wait("ready", 30)
            self.ready_after = time.monotonic() - self.started
            self.user, self.peer, self.listen = ready["user"], ready["peer"], ready["listen"]

    def _read(self):
        for line in self.process.stdout:
            try:
                value = json.loads(line)
            except ValueError:
                value = {"event": "not-json", "line": line.decode("utf-8", "replace")}
            value["_at"] = time.monotonic()
            with self._changed:
                if "event" in value:
                    self.events.append(value)
                else:
                    self._answers.pop(value.get("id"), None)  # The newest answer stands last.
                    self._answers[value.get("id")] = value
                    self._answer_count += 1
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _write(self):
        while (line := self._out.get()) is not None:
            try:
                self.process.stdin.write(line)
                self.process.stdin.flush()
            except (OSError, ValueError):
                return

    def tail(self):
        """The end of what it said on stderr."""
        try:
            with open(self.log, "rb") as log:
                return log.read()[-1500:].decode("utf-8", "replace")
        except OSError:
            return ""

    def _await(self, look, deadline_s, what):
        end = time.monotonic() + deadline_s
        with self._changed:
            while True:
                found = look()
                if found is not None:
                    return found
                if self._ended:
                    raise Gone(f"{self.name} ended while waiting for {what}; stderr: {self.tail()}")
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"{self.name}: no {what} within {deadline_s} s; stderr: {self.tail()}")
                self._changed.wait(left)

    def last(self, event):
        """The newest event of a kind."""
        return next((e for e in reversed(list(self.events)) if e.get("event") == event), {})

    def post(self, cmd, **arguments):
        """Sends a command without waiting; gives its request id."""
        self._next += 1
        request = {"id": self._next, "cmd": cmd, **{k: v for k, v in arguments.items() if v is not None}}
        self.raw(json.dumps(request, ensure_ascii=False).encode() + b"\n")
        return self._next

    def raw(self, line):
        """Sends bytes as they are."""
        self._out.put(line)

    def answer_to_line(self, line, deadline_s=10):
        """Sends one line of any bytes, with nothing else under way; gives the answer it gets."""
        before = self._answer_count
        self.raw(line + b"\n")
        self._await(lambda: True if self._answer_count > before else None, deadline_s, f"answer to {line[:40]!r}")
        with self._changed:
            return next(reversed(self._answers.values()))

    def answer(self, request, deadline_s=10):
        """The whole answer object to a request id."""
        return self._await(lambda: self._answers.get(request), deadline_s, f"answer to {request}")

    def answered(self, request):
        """The answer if it is here."""
        with self._changed:
            return self._answers.get(request)

    def ask(self, cmd, deadline_s=10, **arguments):
        """Sends a command and gives its `ok`; raises `Refused` on `err`."""
        answer = self.answer(self.post(cmd, **arguments), deadline_s)
        if "err" in answer:
            raise Refused(cmd, answer["err"])
        return answer["ok"] or {}

    def refused(self, cmd, **arguments):
        """Sends a command that must be refused; gives the refusal."""
        try:
            got = self.ask(cmd, **arguments)
        except Refused as refusal:
            return refusal
        raise AssertionError(f"{self.name}: {cmd} was not refused but gave {got}")

    def wait(self, event, deadline_s=10, where=None):
        """The first event of that kind, past or to come, that `where` accepts."""
        def look():
            return next((e for e in self.events if e.get("event") == event and (where is None or where(e))), None)
        return self._await(look, deadline_s, f"event {event}")

    def ended(self, deadline_s=10):
        """Waits for the process to end by itself; gives its exit code."""
        return self.process.wait(deadline_s)

    def close_input(self):
        """Ends the input, which asks for a clean shutdown."""
        self._out.put(None)
        self.process.stdin.close()

    def stop(self, deadline_s=15):
        """A clean shutdown; gives the exit code."""
        self.post("shutdown")
        return self.ended(deadline_s)

    def kill(self):
        """kill -9."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self._out.put(None)

    def peak_mib(self):
        """Most memory it ever held, in MiB."""
        with open(f"/proc/{self.process.pid}/status") as status:
            kib = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        return kib / 1024

    # What tests ask for again and again.

    def linked(self):
        """Peer keys this one is linked to."""
        return {p["peer"] for p in self.ask("peers.list")["peers"] if p["linked"]}

    def heads(self, community):
        return self.ask("community.state", community=community)["heads"]

    def channel(self, community, name="general"):
        channels = self.ask("community.state", community=community)["channels"]
        return next(c["channel"] for c in channels if c["name"] == name)

    def found(self, name):
        """Founds a community; gives its id and its text channel."""
        made = self.ask("community.create", name=name)
        return made["community"], next(c["channel"] for c in made["channels"] if c["kind"] == "text")

    def invite(self, community):
        return self.ask("invite.create", community=community)["link"]

    def join(self, link, deadline_s=20):
        return self.ask("community.join", deadline_s, link=link)["community"]

    def send(self, channel, text, reply_to=None):
        return self.ask("message.send", channel=channel, text=text, reply_to=reply_to)["message"]

    def messages(self, channel):
        """Every message of a channel, oldest first."""
        pages, before = [], None
        while True:
            page = self.ask("message.list", 30, channel=channel, before=before, limit=500)
            pages.append(page["messages"])
            if not page["more"] or not page["messages"]:
                return [m for p in reversed(pages) for m in p]
            before = page["messages"][0]["message"]

    def seen(self, channel):
        """What a reader sees, without what differs from peer to peer by right."""
        return [
            (m["message"], m["author"], m["at"], m["text"], m.get("reply_to"), m["edited"], m["deleted"],
             sorted((r["emoji"], tuple(sorted(r["users"]))) for r in m["reactions"]))
            for m in self.messages(channel)
        ]


def agree(peers, community):
    """The heads that all of them share, or None."""
    heads = {p.heads(community) for p in peers}
    return heads.pop() if len(heads) == 1 else None
