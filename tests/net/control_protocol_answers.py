#!/usr/bin/env python3
"""Every line gets one answer, nonsense too, and the end of input is a clean shutdown."""

import json

from lab import figure, run, until
from peers import Peer

LINE_BYTES = 64 * 1024


def nonsense_gets_an_error_and_no_exit(lab):
    (host,) = lab.lan("ada")
    ada = Peer(lab, host, "ada")
    nonsense = [
        b"{", b"nonsense", b"[]", b"7", b"null", b'{"cmd":7}', b'{"cmd":"message.send"', b"\xff\xfe", b'{"id":"x"}', b'{"id":"x","cmd":"nothing"}',
        b'{"cmd":"identity.show","pad":"' + b"x" * LINE_BYTES + b'"}',
    ]
    for line in nonsense:
        answer = ada.answer_to_line(line)
        assert answer["err"]["code"] and answer["err"]["message"], (line[:40], answer)
        assert answer["id"] == ("x" if b'"id"' in line else None), (line[:40], answer)
    assert ada.refused("no.such.command").code == "unknown_command"
    assert ada.refused("message.send").code == "bad_argument"
    assert ada.refused("message.send", channel="ab", text="x").code == "bad_argument"
    assert ada.refused("message.send", channel="00" * 32, text="x").code == "unknown_channel"
    assert ada.refused("message.send", channel=7, text="x").code == "bad_argument"
    assert ada.refused("community.state", community="00" * 32).code == "unknown_community"
    assert ada.refused("message.edit", message="00" * 32, text="x").code == "unknown_message"
    community, channel = ada.found("The Den")
    assert ada.refused("message.send", channel=channel, text="x" * 4001).code == "bad_argument"
    assert ada.refused("message.send", channel=channel, text="").code == "bad_argument"
    assert ada.refused("message.list", channel=channel, limit=501).code == "bad_argument"
    assert ada.refused("channel.create", community=community, name="x" * 65, kind="text").code == "bad_argument"
    assert ada.refused("channel.create", community=community, name="x", kind="smell").code == "bad_argument"
    assert ada.ask("identity.show")["name"] == "ada"


def every_answer_carries_its_id_and_names_are_as_written(lab):
    (host,) = lab.lan("ada")
    ada = Peer(lab, host, "ada")
    asked = [ada.post("identity.show") for _ in range(200)]
    assert all("ok" in ada.answer(request) for request in asked)
    assert ada.ask("identity.set", name="Ada ✨", color=0x3B82F6)["name"] == "Ada ✨"
    community, channel = ada.found("The Den")
    message = ada.send(channel, "line one\nline two · ünïcödé 🔥")
    event = ada.wait("message", where=lambda e: e["message"]["message"] == message)
    assert (event["community"], event["channel"]) == (community, channel)
    assert event["message"]["text"] == "line one\nline two · ünïcödé 🔥"
    answer = ada.send(channel, "an answer", message)
    ada.ask("message.edit", message=answer, text="a better answer")
    changed = ada.wait("message.changed", where=lambda e: e["message"]["message"] == answer and e["message"]["edited"])
    assert changed["message"]["text"] == "a better answer" and changed["message"]["reply_to"] == message
    ada.ask("message.pin", message=message, on=True)
    ada.wait("message.changed", where=lambda e: e["message"]["message"] == message and e["message"]["pinned"])
    state = ada.ask("community.state", community=community)
    assert {(c["name"], c["kind"]) for c in state["channels"]} == {("general", "text"), ("lounge", "voice")}
    assert [m["user"] for m in state["members"]] == [ada.user]
    assert len(state["heads"]) == 64
    assert ada.ask("community.list")["communities"][0]["community"] == community
    invite = ada.ask("invite.create", community=community, expires_s=3600, max_uses=2)
    assert invite["link"].startswith("mesh://join?c=")
    assert [i["invite"] for i in ada.ask("invite.list", community=community)["invites"]] == [invite["invite"]]
    ada.ask("invite.revoke", invite=invite["invite"])
    assert ada.ask("invite.list", community=community)["invites"] == []


def end_of_input_is_a_clean_shutdown(lab):
    (host,) = lab.lan("ada")
    ada = Peer(lab, host, "ada")
    community, channel = ada.found("The Den")
    sent = [ada.post("message.send", channel=channel, text=f"line {n}") for n in range(20)]
    promised = [ada.answer(request)["ok"]["message"] for request in sent]
    ada.close_input()
    assert ada.ended(15) == 0
    again = Peer(lab, host, "ada")
    assert [m["message"] for m in again.messages(channel)] == promised
    assert again.user == ada.user and again.peer == ada.peer


def a_channel_list_survives_a_restart(lab):
    (host,) = lab.lan("ada")
    ada = Peer(lab, host, "ada")
    community, _ = ada.found("The Den")
    made = ada.ask("channel.create", community=community, name="plans", kind="text")["channel"]
    gone = ada.ask("channel.create", community=community, name="mistake", kind="text")["channel"]
    ada.ask("channel.update", channel=made, name="big-plans")
    ada.ask("channel.delete", channel=gone)
    before = ada.ask("community.state", community=community)
    assert ada.stop() == 0
    again = Peer(lab, host, "ada")
    after = again.ask("community.state", community=community)
    assert json.dumps(after["channels"], sort_keys=True) == json.dumps(before["channels"], sort_keys=True)
    assert after["heads"] == before["heads"]
    assert {c["name"] for c in after["channels"]} == {"general", "lounge", "big-plans"}
    figure("ready after", f"{again.ready_after * 1000:.0f} ms")


def what_one_plays_reaches_the_other(lab):
    ada, bo = (Peer(lab, host, name) for host, name in zip(lab.lan("ada", "bo"), ("ada", "bo")))
    community, _ = ada.found("The Den")
    bo.join(ada.invite(community))
    game = {"name": "Deep Sea", "details": "The reef", "since_ms": 1_700_000_000_000}
    bo.ask("presence.set", playing={**game, "name": " Deep\n Sea\u202e"})
    # A notice may be lost on the way; it is said again every 25 s.
    ada.wait("presence", 60, lambda e: e["playing"] == game)
    (member,) = (m for m in ada.ask("community.state", community=community)["members"] if m["playing"])
    assert (member["name"], member["playing"]) == ("bo", game)
    assert bo.refused("presence.set", playing={"name": " "}).code == "bad_argument"
    assert bo.answer_to_line(b'{"id": "end", "cmd": "presence.set", "playing": null}')["ok"] == {}
    until(lambda: ada.last("presence")["playing"] is None, 60, "the end of the game")


if __name__ == "__main__":
    run(
        nonsense_gets_an_error_and_no_exit,
        every_answer_carries_its_id_and_names_are_as_written,
        end_of_input_is_a_clean_shutdown,
        a_channel_list_survives_a_restart,
        what_one_plays_reaches_the_other,
    )
