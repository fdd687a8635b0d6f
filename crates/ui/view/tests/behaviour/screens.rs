//! The way from launch to the first message, names for screen readers, and plain words.

use crate::cast::{self, Cast};
use crate::stage::{Screen, Stage, World};
use egui::{Key, Modifiers};
use hearth_ports::Health;
use hearth_view::{Intent, OnboardingStep, ThemeChoice, Tokens};

#[test]
fn three_screens_from_launch_to_first_message() {
    let mut s =
        Stage::of(World::new(Screen::Onboarding(OnboardingStep::Identity), Cast::no_community()), [1280.0, 720.0]);
    s.key(Key::Enter);
    assert!(s.log().is_empty(), "nobody goes on without a name");
    s.0.event(egui::Event::Text("Mira".into()));
    s.wait(2);
    s.key(Key::Enter);
    assert!(
        matches!(&s.log()[0], Intent::SetIdentity { name, color } if name == "Mira" && *color != 0),
        "{:?}",
        s.log()
    );
    s.settle();
    assert!(s.painted().contains("Hello, Mira"));
    for _ in 0..6 {
        if s.painted().contains("Community name") {
            break;
        }
        s.key(Key::Tab);
        s.key(Key::Space);
    }
    s.write("The Night Shift");
    s.key(Key::Enter);
    assert!(s.log().contains(&Intent::CreateCommunity { name: "The Night Shift".into() }), "{:?}", s.log());
    s.settle();
    assert!(s.painted().contains("Message #general"), "the composer says where the text goes");
    s.write("hi");
    s.key(Key::Enter);
    assert!(
        s.log().iter().any(|i| matches!(i, Intent::Send { text, reply_to: None, .. } if text == "hi")),
        "{:?}",
        s.log()
    );
    assert!(s.painted().contains("hi"));
}

#[test]
fn screen_reader_can_press_join() {
    use egui_kittest::kittest::Queryable;
    let mut world = World::new(Screen::Onboarding(OnboardingStep::JoinOrCreate), Cast::no_community());
    world.offered = Some("mesh://join#abcdefghijklmnop".into());
    let mut s = Stage::of(world, [940.0, 560.0]);
    s.0.get_by_label("Use the link you copied").click_accesskit();
    s.wait(4);
    s.0.get_by_label("Join").click_accesskit();
    s.wait(4);
    assert_eq!(s.log(), [Intent::Join { link: "mesh://join#abcdefghijklmnop".into() }]);
    s.world_mut().onboarding.failed("Nobody answers. Try again later.");
    s.wait(4);
    assert!(s.painted().contains("Nobody answers. Try again later."));
    s.0.get_by_label("Join").click_accesskit();
    s.wait(4);
    assert_eq!(s.log().len(), 2, "the form works again after a refusal");
}

#[test]
fn what_is_no_link_gets_a_sentence() {
    let mut s =
        Stage::of(World::new(Screen::Onboarding(OnboardingStep::JoinOrCreate), Cast::no_community()), [1280.0, 720.0]);
    s.settle();
    s.write("hello there");
    s.key(Key::Enter);
    assert!(s.log().is_empty());
    assert!(s.painted().contains("That is not an invite link."));
}

fn stages() -> Vec<(&'static str, Stage)> {
    let mut out = vec![
        (
            "identity",
            Stage::of(World::new(Screen::Onboarding(OnboardingStep::Identity), Cast::no_community()), [1280.0, 720.0]),
        ),
        (
            "join",
            Stage::of(World::new(Screen::Onboarding(OnboardingStep::JoinOrCreate), Cast::usual()), [1280.0, 720.0]),
        ),
    ];
    let casts = [
        ("main", Cast::usual()),
        ("unread", Cast::unread()),
        ("unread far", Cast::unread_far()),
        ("formatted", Cast::formatted()),
        ("empty", Cast::empty()),
        ("no community", Cast::no_community()),
        ("offline", Cast::offline()),
        ("long names", Cast::long_names()),
        ("voice", Cast::voice()),
        ("in a call", Cast::in_call()),
        ("in a room", Cast::in_room()),
        ("a full room", Cast::crowd()),
    ];
    out.extend(casts.into_iter().map(|(name, cast)| (name, Stage::main(cast))));
    for button in [
        "Add a community",
        "The Night Shift, community menu",
        "Ada, profile and settings",
        "Create text channel",
        "Edit general",
    ] {
        let mut s = Stage::main(Cast::usual());
        s.click(button);
        s.settle();
        out.push((button, s));
    }
    for item in ["Invite people", "Rename community", "Leave community"] {
        let mut s = Stage::main(Cast::usual());
        s.click("The Night Shift, community menu");
        s.click(item);
        s.settle();
        out.push((item, s));
    }
    for health in [Health::Connecting, Health::Alone, Health::NoNetwork] {
        let mut cast = Cast::usual();
        cast.net.health = health;
        out.push(("health", Stage::main(cast)));
    }
    let mut s = Stage::main(Cast::usual());
    s.point(700.0, 460.0);
    out.push(("toolbar", s));
    out
}

#[test]
fn every_control_has_a_name() {
    for (screen, s) in stages() {
        let all = s.names();
        assert!(all.len() > 4, "{screen}: {all:?}");
        for (role, name) in &all {
            let control = ["Button", "TextInput", "MultilineTextInput", "RadioButton", "Link", "CheckBox"]
                .contains(&role.as_str());
            assert!(!control || !name.trim().is_empty(), "{screen}: a {role} without a name in {all:?}");
        }
    }
}

#[test]
fn the_main_controls_are_found_by_name() {
    let s = Stage::main(Cast::usual());
    for name in [
        "The Night Shift",
        "Garden Row, 4 unread",
        "Add a community",
        "general, channel",
        "looking-for-group, channel, 12 unread",
        "Lounge, voice room",
        "Hide people",
        "Message #general",
        "Send message",
        "Chidi Okafor, online",
        "Dana, away, Playing The Extraordinarily Long Voyage Home",
        "Farid, offline",
    ] {
        assert!(s.has(name), "{name} is missing in {:?}", s.names());
    }
    assert!(s.names().iter().any(|(_, n)| n.starts_with("Bram, 21:37: Fine, new map.")));
}

#[test]
fn no_surface_string_names_a_protocol() {
    let banned = [
        "dht",
        "nat",
        "crdt",
        "peer",
        "peers",
        "relay",
        "relayed",
        "port",
        "ports",
        "gossip",
        "epoch",
        "multiaddr",
        "quic",
        "tcp",
        "udp",
        "ipv4",
        "ipv6",
        "node",
        "protocol",
        "socket",
        "handshake",
        "sync",
        "syncing",
        "replica",
        "hash",
        "key",
        "keys",
    ];
    for (screen, s) in stages() {
        let mut text = s.painted();
        for (_, name) in s.names() {
            text.push_str(&name);
            text.push('\n');
        }
        assert!(text.len() > 40, "{screen} says nothing");
        let links_apart = text.split_whitespace().filter(|w| !w.contains("://"));
        for word in links_apart.flat_map(|w| w.split(|c: char| !c.is_alphanumeric())) {
            assert!(!banned.contains(&word.to_lowercase().as_str()), "{screen} says {word:?}");
        }
    }
}

#[test]
fn what_people_play_stands_under_their_name() {
    use egui_kittest::kittest::Queryable;
    let mut s = Stage::main(Cast::usual());
    assert!(s.painted().contains("Playing Deep Sea"));
    assert!(s.has("Bram, online, Playing Deep Sea"), "{:?}", s.names());
    let long = format!("Playing {}", crate::cast::LONG_GAME);
    assert!(s.has(&format!("Dana, away, {long}")), "read out whole");
    let cut = s.0.output().shapes.iter().any(|s| match &s.shape {
        egui::Shape::Text(t) => t.galley.text() == long && t.galley.elided,
        _ => false,
    });
    assert!(cut, "a long name ends in an ellipsis");
    assert!(!s.painted().contains("The reef"), "what goes on in it is for whoever points at it");
    s.0.get_by_label("Bram, online, Playing Deep Sea").hover();
    s.wait(40);
    let painted = s.painted();
    assert!(painted.contains("The reef · 2 of 4") && painted.contains("for 1 h 25 min"), "{painted}");

    let mut cast = Cast::usual();
    cast.members.iter_mut().for_each(|m| m.presence = hearth_ports::Presence::Offline);
    assert!(!Stage::main(cast).painted().contains("Playing"), "who is away plays nothing");
}

#[test]
fn people_hide_by_button_and_by_width() {
    let mut s = Stage::main(Cast::usual());
    s.click("Hide people");
    assert_eq!(s.log(), [Intent::PeopleShown(false)]);
    assert!(!s.has("Chidi Okafor, online"));
    s.click("Show people");
    assert!(s.has("Chidi Okafor, online"));
    s.0.set_size(egui::vec2(1000.0, 600.0));
    s.wait(2);
    assert!(!s.has("Chidi Okafor, online") && s.has("Message #general"));
}

#[test]
fn an_invite_is_made_copied_and_made_anew_for_another_time() {
    let mut s = Stage::main(Cast::usual());
    s.click("The Night Shift, community menu");
    s.click("Invite people");
    s.settle();
    s.click("Copy");
    assert!(s.log().contains(&Intent::CopyText(cast::invite().link)));
    assert!(s.has("Copied"));
    s.click("Always");
    let made: Vec<_> = s.log().iter().filter(|i| matches!(i, Intent::CreateInvite { .. })).collect();
    assert!(
        matches!(
            made.as_slice(),
            [Intent::CreateInvite { expires_s: Some(604_800), .. }, Intent::CreateInvite { expires_s: None, .. }]
        ),
        "{made:?}"
    );
}

#[test]
fn a_refused_channel_can_be_tried_again_and_esc_closes() {
    let mut s = Stage::main(Cast::usual());
    s.click("Create text channel");
    s.settle();
    s.write("weekend plans");
    s.key(Key::Enter);
    assert!(matches!(s.log(), [Intent::CreateChannel { name, .. }] if name == "weekend-plans"), "{:?}", s.log());
    s.world_mut().ui.dialog_failed("There is a channel of that name already.");
    s.wait(3);
    assert!(s.painted().contains("There is a channel of that name already."));
    s.click("Create");
    assert_eq!(s.log().len(), 2);
    s.world_mut().ui.dialog_done();
    s.wait(3);
    assert!(!s.world().ui.dialog_open());
    s.click("Add a community");
    assert!(s.world().ui.dialog_open());
    s.key(Key::Escape);
    assert!(!s.world().ui.dialog_open());
}

#[test]
fn leaving_and_deleting_ask_first() {
    let mut s = Stage::main(Cast::usual());
    s.click("The Night Shift, community menu");
    s.click("Leave community");
    s.settle();
    assert!(s.log().is_empty());
    s.click("Leave community");
    assert!(matches!(s.log(), [Intent::Leave(_)]));
}

#[test]
fn a_still_screen_is_still() {
    for theme in [ThemeChoice::Dark, ThemeChoice::Light] {
        let mut world = World::new(Screen::Main, Cast::usual());
        world.tokens = Tokens::built_in(theme);
        let mut s = Stage::of(world, [1280.0, 720.0]);
        s.settle();
        assert!(!s.world().activity.moving);
        assert!(s.world().activity.wake_at_ms.is_some(), "the typing line ends by itself");
    }
}

#[test]
fn clicks_select_channels_and_communities() {
    let mut s = Stage::main(Cast::usual());
    s.click("map-making, channel");
    s.click("choir");
    assert!(
        matches!(s.log(), [Intent::SelectChannel(c), Intent::SelectCommunity(_)] if *c == cast::channel_id(3)),
        "{:?}",
        s.log()
    );
    s.key_with(Modifiers::NONE, Key::Escape);
}

#[test]
fn a_notice_can_be_closed() {
    let mut cast = Cast::usual();
    cast.toasts = vec![hearth_view::Toast {
        id: 7,
        level: hearth_view::ToastLevel::Warning,
        text: "The disk is nearly full.".into(),
    }];
    let mut s = Stage::main(cast);
    s.settle();
    assert!(s.painted().contains("The disk is nearly full."));
    s.click("Dismiss");
    assert_eq!(s.log(), [Intent::DismissToast(7)]);
}
