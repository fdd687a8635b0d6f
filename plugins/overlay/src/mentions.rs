//! Who named one while another program is in front: for a few seconds, two at a time.

use bevy::{ecs::system::SystemParam, prelude::*};
use hearth_osd::{Toast, limits::TOASTS};
use hearth_types::{ChannelId, SpaceId, UserId};
use hearth_world::{Channel, DisplayName, EntityIndex, Me, MessageArrived};

/// How long one is shown, before it fades.
pub const SHOWN_MS: u64 = 6_000;
/// What was written longer ago was caught up with, and is no call to anybody now.
pub const FRESH_MS: u64 = 60_000;
/// Characters of a message that are passed on; the overlay shows two lines.
pub const FIRST_WORDS: usize = 120;

/// Messages that came, and the names of who and where.
#[derive(SystemParam)]
pub struct Arrivals<'w, 's> {
    messages: MessageReader<'w, 's, MessageArrived>,
    me: Res<'w, Me>,
    index: Res<'w, EntityIndex>,
    names: Query<'w, 's, &'static DisplayName>,
    channels: Query<'w, 's, &'static DisplayName, With<Channel>>,
}

impl Arrivals<'_, '_> {
    /// Nobody looks at those that came.
    pub fn pass(&mut self) {
        self.messages.clear();
    }

    /// Those that name one, oldest first; none where they are not `wanted`.
    pub fn told(&mut self, wanted: bool, now_ms: u64) -> Vec<Toast> {
        let Some(me) = self.me.0.as_ref().filter(|_| wanted) else {
            self.messages.clear();
            return Vec::new();
        };
        let (index, names, channels) = (&self.index, &self.names, &self.channels);
        let who = |community: SpaceId, user: UserId| {
            index.member(community, user).and_then(|entity| names.get(entity).ok()).map(|name| name.0.as_str())
        };
        let place = |channel: ChannelId| {
            index.channel(channel).and_then(|entity| channels.get(entity).ok()).map(|name| name.0.as_str())
        };
        let heard = self.messages.read().filter(|arrived| {
            let message = &arrived.message;
            let fresh = now_ms.saturating_sub(message.at) < FRESH_MS;
            fresh && !message.deleted && message.author != me.user && names_one(&message.text, &me.name)
        });
        let toast = |arrived: &MessageArrived| {
            let name = who(arrived.community, arrived.message.author).unwrap_or("Somebody");
            let title =
                place(arrived.channel).map_or_else(|| name.to_owned(), |channel| format!("{name} in #{channel}"));
            let line = arrived.message.text.chars().take(FIRST_WORDS).collect();
            Toast { title, line, until_ms: now_ms + SHOWN_MS }
        };
        heard.map(toast).collect()
    }
}

/// Whether a text names somebody, as `@name`, whatever the case: the same rule by which the node counts mentions.
fn names_one(text: &str, name: &str) -> bool {
    !name.is_empty() && text.contains('@') && text.to_lowercase().contains(&format!("@{}", name.to_lowercase()))
}

/// What is shown.
#[derive(Debug, Default)]
pub struct Mentions {
    /// Newest first.
    shown: Vec<Toast>,
}

impl Mentions {
    /// Takes what came in and lets go of what was shown; nothing is kept for later while nobody is to see it.
    pub fn follow(&mut self, told: Vec<Toast>, seen: bool, now_ms: u64) -> Vec<Toast> {
        for toast in told {
            self.shown.insert(0, toast);
        }
        self.shown.truncate(TOASTS);
        self.shown.retain(|toast| seen && toast.until_ms + hearth_osd::limits::FADE_MS > now_ms);
        self.shown.clone()
    }

    /// When the next one is over.
    pub fn next_ms(&self) -> Option<u64> {
        self.shown.iter().map(|toast| toast.until_ms + hearth_osd::limits::FADE_MS).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hearth_ports::{
        ChannelView, CommunityHead, IdentityView, MemberView, MessageView, NodeEvent, Presence, SendState,
    };
    use hearth_types::{ChannelKind, EntryId, Permissions};
    use hearth_world::{Ingested, WorldPlugin};

    const NOW: u64 = 10_000_000;
    const ME: UserId = UserId([9; 32]);
    const BO: UserId = UserId([8; 32]);

    fn message(author: UserId, text: &str, at: u64) -> MessageArrived {
        let message = MessageView {
            message: EntryId([1; 32]),
            author,
            at,
            text: text.into(),
            reply_to: None,
            edited: false,
            deleted: false,
            pinned: false,
            reactions: Vec::new(),
            state: SendState::Received,
            readable: true,
        };
        MessageArrived { community: SpaceId([1; 32]), channel: ChannelId([2; 32]), message }
    }

    #[derive(Resource, Default)]
    struct Told(Vec<Toast>);

    /// A community with Ada, who one is, with Bo, and with a channel.
    fn den() -> [NodeEvent; 4] {
        let head = CommunityHead {
            community: SpaceId([1; 32]),
            name: "den".into(),
            owner: BO,
            permissions: Permissions::MEMBER,
            member_count: 2,
        };
        let channel = ChannelView {
            community: SpaceId([1; 32]),
            channel: ChannelId([2; 32]),
            name: "clips".into(),
            kind: ChannelKind::Text,
            topic: String::new(),
            position: 0,
            sealed: false,
            plan: Default::default(),
        };
        let bo = MemberView {
            community: SpaceId([1; 32]),
            user: BO,
            name: "Bo".into(),
            color: 0,
            roles: vec![],
            rank: u16::MAX,
            owner: true,
            presence: Presence::Online,
            playing: None,
        };
        let me = IdentityView { user: ME, name: "Ada".into(), color: 0 };
        [NodeEvent::Identity(me), NodeEvent::Community(head), NodeEvent::Channel(channel), NodeEvent::Member(bo)]
    }

    /// What is told of these messages, where Bo is known and the channel is called clips.
    fn told(wanted: bool, messages: Vec<MessageArrived>) -> Vec<(String, String)> {
        let mut app = App::new();
        app.add_plugins(WorldPlugin).init_resource::<Told>();
        for event in den() {
            app.world_mut().write_message(Ingested(event));
        }
        app.add_systems(Update, move |mut arrivals: Arrivals, mut told: ResMut<Told>| {
            told.0.extend(arrivals.told(wanted, NOW));
        });
        app.update();
        for message in messages {
            app.world_mut().write_message(message);
        }
        app.update();
        let toasts = std::mem::take(&mut app.world_mut().resource_mut::<Told>().0);
        toasts.into_iter().map(|toast| (toast.title, toast.line)).collect()
    }

    #[test]
    fn who_names_one_is_told_with_the_channel_and_the_first_words() {
        let long = format!("@ADA {}", "come ".repeat(100));
        let all = told(true, vec![message(BO, "hello @ada, clip that", NOW - 500), message(BO, &long, NOW)]);
        assert_eq!(all[0], ("Bo in #clips".into(), "hello @ada, clip that".into()));
        assert_eq!(all[1].1.chars().count(), FIRST_WORDS);
        assert_eq!(all.len(), 2);
    }

    #[test]
    fn others_messages_one_s_own_and_old_ones_are_no_mention() {
        let none = vec![
            message(BO, "hello all", NOW),
            message(BO, "ada without a sign", NOW),
            message(ME, "@ada to myself", NOW),
            message(BO, "@ada an hour ago", NOW - 3_600_000),
        ];
        assert_eq!(told(true, none), []);
        assert_eq!(told(false, vec![message(BO, "@ada", NOW)]), [], "switched off");
    }

    fn toast(n: u64) -> Toast {
        Toast { title: n.to_string(), line: String::new(), until_ms: n + SHOWN_MS }
    }

    #[test]
    fn two_at_once_the_newest_first_and_six_seconds_each() {
        let mut mentions = Mentions::default();
        let titles = |shown: Vec<Toast>| shown.into_iter().map(|t| t.title).collect::<Vec<_>>();
        assert_eq!(titles(mentions.follow(vec![toast(1), toast(2), toast(3)], true, 3)), ["3", "2"]);
        assert_eq!(mentions.next_ms(), Some(2 + SHOWN_MS + hearth_osd::limits::FADE_MS));
        assert_eq!(titles(mentions.follow(vec![], true, 2 + SHOWN_MS + hearth_osd::limits::FADE_MS)), ["3"]);
        assert_eq!(titles(mentions.follow(vec![toast(4)], false, 9)), [""; 0], "with the window in front");
        assert_eq!(titles(mentions.follow(vec![], true, 10)), [""; 0], "and not afterwards");
        assert_eq!(mentions.next_ms(), None, "nothing wakes the program");
    }
}
