#!/usr/bin/env python3
"""The overlay on real X servers, over a window that logs what it gets: with openbox and picom, with xfwm4 and its own
compositor, with neither, and on Weston by way of XWayland.

Needs Xvfb, openbox, xfwm4, picom, dbus-run-session, xev, xprop, xrandr, xdotool, ImageMagick, Weston and XWayland, and the
example `show` of hearth-osd. Pictures stay under $CARGO_TARGET_DIR/screens.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))

from desktop import screens  # noqa: E402
from lab import figure, run, skip, until  # noqa: E402
from peers import binary  # noqa: E402

TOOLS = ["Xvfb", "openbox", "xfwm4", "picom", "dbus-run-session", "xev", "xprop", "xdotool", "xrandr", "import", "convert",
         "weston", "weston-screenshooter", "Xwayland"]
SIZE = (1000, 700)
# In the first picture of the stack, beside its initials, and its colour.
DISC = (16 + 3 + 19 - 11, 16 + 3 + 19)
ADA = (0xE8, 0x84, 0x4A)
# Within the window, where nothing is drawn.
NOTHING = (16 + 235, 16 + 20)
GAME = (255, 255, 255)


class Place:
    """Where programs run that know nothing of the machine's own session."""

    def __init__(self, lab):
        self.lab = lab
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "CARGO_TARGET_DIR")}
        self.home = lab.path("person")
        os.makedirs(self.home, mode=0o700, exist_ok=True)
        self.env = {**kept, "HOME": self.home, "XDG_RUNTIME_DIR": self.home, "LC_ALL": "C.UTF-8"}

    def start(self, *words, out=subprocess.DEVNULL):
        process = subprocess.Popen(words, env=self.env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
                                   start_new_session=True)
        self.lab.at_end.append(lambda: process.poll() is None and os.killpg(process.pid, signal.SIGKILL))
        return process

    def run(self, *words):
        return subprocess.run(words, env=self.env, capture_output=True, text=True).stdout

    def find(self, name):
        found = self.run("xdotool", "search", "--onlyvisible", "--name", name).split()
        return found[0] if found else None


class Screen(Place):
    """A virtual screen with a game on it, and maybe a window manager and a compositor."""

    def __init__(self, lab, manager=None, compositor=None, without=()):
        super().__init__(lab)
        self.number = None
        self.without = [word for name in without for word in ("-extension", name)]
        self.server = self.serve()
        self.game_log = lab.path("game.log")
        with open(self.game_log, "wb") as log:
            self.start("stdbuf", "-oL", "xev", "-name", "game", "-bw", "0", "-geometry", f"{SIZE[0]}x{SIZE[1]}+0+0", out=log)
        self.game, _ = until(lambda: self.find("^game$"), 20, "the game's window")
        if manager:
            # After the game: what comes while openbox starts, it may miss. xfwm4 asks a session bus for its settings.
            words = {"openbox": ["openbox"], "xfwm4": ["dbus-run-session", "xfwm4", "--compositor=on"]}
            self.start(*words[manager])
            known = f"0x{int(self.game):x}"
            until(lambda: known in self.run("xprop", "-root", "_NET_CLIENT_LIST"), 20, f"{manager} to know the game")
        else:
            self.run("xdotool", "windowmove", self.game, "0", "0")
        self.compositor = self.compose() if compositor == "picom" else None
        if compositor == "xfwm4":
            time.sleep(1)
        take = "windowactivate" if manager else "windowfocus"
        until(lambda: self.run("xdotool", take, self.game) or self.focused() == self.game, 20, "the game to have the focus")

    def serve(self):
        """Starts the screen; one that never answers, as happens now and then, is made anew."""
        for _ in range(3):
            server = self.new_server()
            geometry = ["timeout", "2", "xdotool", "getdisplaygeometry"]
            for _ in range(40):
                if server.poll() is not None or subprocess.run(geometry, env=self.env, capture_output=True).returncode == 0:
                    break
                time.sleep(0.05)
            else:
                server.kill()
            if server.poll() is None:
                return server
            server.wait()
        raise AssertionError("Xvfb does not answer")

    def new_server(self):
        # What a server leaves behind that was killed names a process, and another may have that number by now.
        for left in (f"/tmp/.X{self.number}-lock", f"/tmp/.X11-unix/X{self.number}"):
            if self.number and os.path.exists(left):
                os.remove(left)
        read, write = os.pipe()
        name = [f":{self.number}"] if self.number else ["-displayfd", str(write)]
        words = ["Xvfb", *name, "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp", "-noreset", *self.without]
        server = subprocess.Popen(words, env=self.env, pass_fds=[write], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.lab.at_end.append(server.kill)
        os.close(write)
        with os.fdopen(read) as answer:
            if not self.number:
                self.number = answer.readline().strip()
        assert self.number, "Xvfb did not start"
        self.env["DISPLAY"] = f":{self.number}"
        return server

    def compose(self):
        picom = self.start("picom", "--backend", "xrender", "--config", "/dev/null")
        # Blended: what is drawn half is seen half, which the checks of the pixels wait for.
        time.sleep(1)
        assert picom.poll() is None, "picom ended"
        return picom

    def focused(self):
        return self.run("xdotool", "getwindowfocus").strip()

    def pixel(self, at):
        words = ["import", "-silent", "-window", "root", "-crop", f"1x1+{at[0]}+{at[1]}", "-depth", "8", "rgb:-"]
        return tuple(subprocess.run(words, env=self.env, capture_output=True).stdout[:3])

    def shot(self, name):
        self.run("import", "-silent", "-window", "root", os.path.join(screens(), f"overlay-{name}.png"))

    def got(self, what):
        """How often the game got this."""
        with open(self.game_log) as log:
            return log.read().count(f"{what} event")

    def click(self, at):
        self.run("xdotool", "mousemove", str(at[0]), str(at[1]), "sleep", "0.1", "click", "1", "sleep", "0.1")

    def geometry(self, window):
        lines = self.run("xdotool", "getwindowgeometry", "--shell", window).splitlines()
        facts = dict(line.split("=") for line in lines)
        return tuple(int(facts[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))


class Show:
    """The example, driven by words."""

    def __init__(self, screen):
        path = binary("HEARTH_OVERLAY_SHOW", "examples/show")
        self.process = subprocess.Popen([path], env=screen.env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        screen.lab.at_end.append(lambda: self.process.poll() is None and self.process.kill())
        self.screen = screen
        self.said = self.process.stdout.readline().strip()

    def do(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer and not answer.startswith("unknown"), (words, answer)
        return answer

    def shares_memory(self):
        files = f"/proc/{self.process.pid}/fd"
        return any("memfd:hearth-osd" in os.readlink(os.path.join(files, fd)) for fd in os.listdir(files))

    def updates(self, words):
        return int(self.do(words).removeprefix("updates "))

    def window(self):
        return until(lambda: self.screen.find("Voice overlay"), 10, "the overlay's window")[0]

    def sleeps(self):
        """How often its thread has woken so far."""
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{task}/status") as status:
                text = status.read()
            if "Name:\toverlay" in text:
                return int(re.search(r"voluntary_ctxt_switches:\s+(\d+)", text)[1])
        raise AssertionError("the overlay has no thread")


def near(a, b, by=12):
    return len(a) == 3 and all(abs(x - y) <= by for x, y in zip(a, b))


def drawn(screen, deadline_s=5):
    return until(lambda: near(screen.pixel(DISC), ADA), deadline_s, f"Ada's picture on the screen, not {screen.pixel(DISC)}")[1]


def good_neighbour(lab, manager, compositor):
    """Focus, clicks and stacking on one kind of desktop."""
    screen = Screen(lab, manager, compositor)
    show = Show(screen)
    assert show.said == "started", show.said
    assert screen.find("Voice overlay") is None, "a window with nothing to show"
    away = screen.got("FocusOut")
    show.do("people 3")
    window = show.window()
    drawn(screen)
    screen.shot(f"{manager}-{compositor}")

    # Clicks and keys go to the game.
    for at in (DISC, (DISC[0] + 60, DISC[1]), NOTHING):
        before = screen.got("ButtonPress")
        screen.click(at)
        until(lambda: screen.got("ButtonPress") == before + 1, 3, f"the game to get a click at {at}")
    keys = screen.got("KeyPress")
    screen.run("xdotool", "key", "a")
    until(lambda: screen.got("KeyPress") > keys, 3, "the game to get a key")
    assert screen.focused() == screen.game
    assert screen.got("FocusOut") == away, "the game lost the focus"

    # It comes back above whatever is raised, and at most once a second.
    log = lab.path("root.log")
    with open(log, "wb") as out:
        screen.start("stdbuf", "-oL", "xev", "-root", "-event", "substructure", out=out)
    time.sleep(0.5)
    screen.run("xdotool", "windowraise", screen.game)
    figure("above a window that raised itself after", f"{drawn(screen):.2f} s")
    start = time.monotonic()
    while time.monotonic() - start < 4:
        screen.run("xdotool", "windowraise", screen.game)
        time.sleep(0.05)
    drawn(screen)
    took = time.monotonic() - start
    with open(log) as lines:
        raised = len(re.findall(rf"ConfigureNotify event.*\n.*window 0x{int(window):x},", lines.read()))
    figure(f"raised itself in {took:.1f} s against a window that does so all the time", raised)
    assert raised <= took + 2, "fights for the top"

    if manager:
        # A manager reads the state of a window when it comes.
        state = "_NET_WM_STATE"
        screen.run("xdotool", "windowunmap", "--sync", screen.game)
        until(lambda: "not found" in screen.run("xprop", "-id", screen.game, state), 5, "the manager to let go of the game")
        screen.run("xprop", "-id", screen.game, "-f", state, "32a", "-set", state, "_NET_WM_STATE_FULLSCREEN")
        screen.run("xdotool", "windowmap", "--sync", screen.game, "windowactivate", screen.game)
        until(lambda: screen.geometry(screen.game) == (0, 0, *SIZE), 5, "the game to fill the screen")
        figure("above a full-screen window after", f"{drawn(screen):.2f} s")
        until(lambda: screen.focused() == screen.game, 5, "the game to have the focus again")
        away = screen.got("FocusOut")

    # To be dragged.
    show.do("interactive on")
    time.sleep(0.4)
    screen.shot(f"{manager}-{compositor}-interactive")
    before = screen.got("ButtonPress")
    screen.click((DISC[0] + 60, DISC[1]))
    time.sleep(0.3)
    assert screen.got("ButtonPress") == before, "the click fell through"
    assert screen.focused() == screen.game
    screen.run("xdotool", "mousemove", "60", "60", "mousedown", "1", "mousemove", "400", "400", "sleep", "0.1",
               "mousemove", str(SIZE[0] - 60), str(SIZE[1] - 60), "sleep", "0.1", "mouseup", "1")
    until(lambda: show.do("events") == "events Moved(BottomRight)", 3, "to say that it was moved")
    show.do("corner bottom-right")
    x, y, w, h = until(lambda: (g := screen.geometry(window)) and g[0] + g[2] == SIZE[0] - 16 and g, 3, "the corner")[0]
    assert y + h == SIZE[1] - 16, (x, y, w, h)
    show.do("interactive off")
    time.sleep(0.4)
    before = screen.got("ButtonPress")
    screen.click((SIZE[0] - 40, SIZE[1] - 40))
    until(lambda: screen.got("ButtonPress") == before + 1, 3, "the game to get clicks again")
    assert screen.got("FocusOut") == away, "the game lost the focus"
    figure("memory of the example", show.do("memory"))


def with_openbox_and_picom(lab):
    good_neighbour(lab, "openbox", "picom")


def with_xfwm4_and_its_compositor(lab):
    good_neighbour(lab, "xfwm4", "xfwm4")


def without_manager_and_compositor(lab):
    good_neighbour(lab, None, None)


def draws_only_what_changes(lab):
    screen = Screen(lab, "openbox", "picom")
    show = Show(screen)
    show.do("people 3")
    drawn(screen)
    time.sleep(1.5)
    slept = show.sleeps()
    still = show.updates("count 3")
    woken = show.sleeps() - slept
    figure("updates and wake-ups in 3 s of stillness", f"{still}, {woken}")
    assert still == 0 and woken <= 1
    trembling = show.updates("tremble 3")
    figure("updates in 3 s of levels that change too little to be seen", trembling)
    # One for the levels they tremble around.
    assert trembling <= 1
    slept = show.sleeps()
    talking = show.updates("talk 3")
    figure("updates and wake-ups in 3 s of levels that change 50 times a second", f"{talking}, {show.sleeps() - slept}")
    assert 5 <= talking <= 31
    show.window()
    show.do("quiet")
    until(lambda: screen.find("Voice overlay") is None, 8, "the window to go once everybody has faded")
    time.sleep(0.5)
    slept = show.sleeps()
    screen.run("xdotool", "windowraise", screen.game)
    still = show.updates("count 3")
    woken = show.sleeps() - slept
    figure("updates and wake-ups in 3 s without a window", f"{still}, {woken}")
    assert still == 0 and woken <= 1
    show.do("toast 6")
    show.window()
    time.sleep(0.5)
    standing = show.updates("count 3")
    fading = show.updates("count 4")
    figure("updates while a mention stands, and while it fades", f"{standing}, {fading}")
    assert standing == 0 and 1 <= fading <= 5
    until(lambda: screen.find("Voice overlay") is None, 5, "the mention to go")


def a_compositor_ends_and_comes_back(lab):
    screen = Screen(lab, "openbox", "picom")
    show = Show(screen)
    show.do("people 3")
    drawn(screen)
    # On Ada's plate, between her ring and her name.
    plate = (DISC[0] + 31, DISC[1])
    blended = screen.pixel(plate)
    for round_ in range(2):
        # As a crash, then as somebody who ends it.
        screen.compositor.send_signal(signal.SIGKILL if round_ == 0 else signal.SIGTERM)
        screen.compositor.wait()
        figure("drawn without a compositor after", f"{drawn(screen):.2f} s")
        until(lambda: near(screen.pixel(NOTHING), GAME), 3, f"the game around it, not {screen.pixel(NOTHING)}")
        screen.shot("compositor-gone")
        before = screen.got("ButtonPress")
        screen.click(DISC)
        until(lambda: screen.got("ButtonPress") == before + 1, 3, "the game to get a click")
        alone = screen.pixel(plate)
        assert max(alone) <= 0x40, f"the plate is {alone}"
        screen.compositor = screen.compose()
        until(lambda: near(screen.pixel(plate), blended, 4), 5, f"{blended} again, not {screen.pixel(plate)}")
        drawn(screen)
        assert near(screen.pixel(NOTHING), GAME)
    figure("a plate over white, blended and alone", f"{blended}, {alone}")


def it_is_where_the_game_is(lab):
    screen = Screen(lab, "openbox")
    half = SIZE[0] // 2
    for name, x in (("left", 0), ("right", half)):
        screen.run("xrandr", "--setmonitor", name, f"{half}/100x{SIZE[1]}/100+{x}+0", "screen" if x == 0 else "none")
    assert "right" in screen.run("xrandr", "--listmonitors")
    show = Show(screen)
    show.do("people 3")
    window = show.window()
    screen.run("xdotool", "windowsize", screen.game, "300", "300")
    for x in (50, half + 50, 50):
        screen.run("xdotool", "windowmove", screen.game, str(x), "100")
        want = (half if x > half else 0) + 16
        took = until(lambda: screen.geometry(window)[0] == want, 4, f"the overlay at {want}, not {screen.geometry(window)}")[1]
        figure("on the other monitor after", f"{took:.2f} s")


def servers_that_lack_something(lab):
    for lacking in (["MIT-SHM"], ["Composite"], ["RANDR"]):
        screen = Screen(lab, without=lacking)
        show = Show(screen)
        assert show.said == "started", (lacking, show.said)
        show.do("people 3")
        figure(f"drawn without {' and '.join(lacking)} after", f"{drawn(screen):.2f} s")
        assert show.shares_memory() == ("MIT-SHM" not in lacking)
        before = screen.got("ButtonPress")
        screen.click(DISC)
        until(lambda: screen.got("ButtonPress") == before + 1, 3, "the game to get a click")
    screen.env["DISPLAY"] = ":54321"
    figure("said without a display", Show(screen).said)
    assert Show(screen).said.startswith("unavailable: The overlay needs")


def the_server_goes_and_comes_back(lab):
    screen = Screen(lab)
    show = Show(screen)
    show.do("people 3")
    drawn(screen)
    screen.server.kill()
    screen.server.wait()
    until(lambda: show.do("events") == "events Gone", 5, "to say that the display went")
    show.do("ptt open")
    time.sleep(2.5)
    assert show.do("events") == "events", "told once"
    show.do("ptt off")
    start = time.monotonic()
    screen.server = screen.serve()
    until(lambda: show.do("events") == "events Back", 5, "to say that it is back")
    drawn(screen)
    figure("drawn on the new display after", f"{time.monotonic() - start:.2f} s")


def on_wayland(lab):
    """Weston without a screen: the overlay is drawn and blended by way of XWayland."""
    screen = Place(lab)
    here = screen.home
    with open(os.path.join(here, "weston.ini"), "w") as settings:
        settings.write("[core]\nxwayland=true\nidle-time=0\n[shell]\npanel-position=none\nbackground-color=0xffffffff\n")
    log = os.path.join(here, "weston.log")
    # Only so may a picture of the screen be taken.
    screen.start("weston", "--backend=headless-backend.so", "--use-pixman", f"--width={SIZE[0]}", f"--height={SIZE[1]}",
                 "-c", os.path.join(here, "weston.ini"), "--socket=wayland-hearth", "--debug", f"--log={log}")
    display = until(lambda: os.path.exists(log) and re.search(r"listening on display (:\d+)", open(log).read()), 20, "weston")[0]
    screen.env.update(WAYLAND_DISPLAY="wayland-hearth", DISPLAY=display[1])
    show = Show(screen)
    assert show.said == "started", show.said
    show.do("people 3")
    show.window()

    def shot():
        for name in os.listdir(here):
            if name.endswith(".png"):
                os.remove(os.path.join(here, name))
        subprocess.run(["weston-screenshooter"], env=screen.env, cwd=here, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        found = [name for name in os.listdir(here) if name.endswith(".png")]
        return os.path.join(here, found[0]) if found else None

    def pixel(path, at):
        words = ["convert", path, "-crop", f"1x1+{at[0]}+{at[1]}", "-depth", "8", "rgb:-"]
        return tuple(subprocess.run(words, capture_output=True).stdout[:3])

    # The desktop fades in at first.
    whole = lambda p: near(pixel(p, DISC), ADA) and near(pixel(p, NOTHING), GAME)
    path, _ = until(lambda: (p := shot()) and whole(p) and p, 10, "Ada's picture on the screen")
    shutil.copy(path, os.path.join(screens(), "overlay-wayland.png"))
    plate = pixel(path, (DISC[0] + 31, DISC[1]))
    figure("a plate over white", plate)
    assert 0x30 <= max(plate) <= 0x48, plate
    still, talking = show.updates("count 3"), show.updates("talk 3")
    figure("updates in 3 s of stillness and of changing levels", f"{still}, {talking}")
    assert still == 0 and 5 <= talking <= 31


if __name__ == "__main__":
    for tool in TOOLS:
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    run(with_openbox_and_picom, with_xfwm4_and_its_compositor, without_manager_and_compositor, draws_only_what_changes,
        a_compositor_ends_and_comes_back, it_is_where_the_game_is, servers_that_lack_something, the_server_goes_and_comes_back, on_wayland)
