//! A person's wishes become commands to the node, or changes of what is shown.

use crate::{
    Faces, Look, Prefs, Screen, Selection, Toasts, Voices, WallClock, Wishes,
    replies::{Asked, Purpose},
    selection::MAIN_WINDOW,
    toasts::KEYS_IN_A_FILE,
    voice,
};
use bevy::prelude::*;
use bevy_egui::{EguiClipboard, EguiContext, PrimaryEguiContext, egui};
use hearth_ports::{Anchor, NodeCommand, VoiceAsk, VoiceSettings};
use hearth_view::{Intent, ToastLevel, Tokens};
use hearth_world::{FrameNeed, NodeDoor};

/// Carries out the wishes of this frame, in order.
#[expect(clippy::too_many_arguments, reason = "wishes reach everywhere")]
pub fn carry_out(
    mut wishes: ResMut<Wishes>,
    mut node: NodeDoor,
    mut asked: ResMut<Asked>,
    mut selection: ResMut<Selection>,
    mut faces: ResMut<Faces>,
    mut look: ResMut<Look>,
    mut prefs: ResMut<Prefs>,
    mut voices: ResMut<Voices>,
    mut toasts: ResMut<Toasts>,
    mut clipboard: ResMut<EguiClipboard>,
    mut context: Query<&mut EguiContext, With<PrimaryEguiContext>>,
    screen: Res<State<Screen>>,
    mut next: ResMut<NextState<Screen>>,
    clock: Res<WallClock>,
    need: Res<FrameNeed>,
    mut exit: MessageWriter<AppExit>,
) {
    if wishes.0.0.is_empty() {
        return;
    }
    let form = match screen.get() {
        Screen::Main => Purpose::Dialog,
        _ => Purpose::Onboarding,
    };
    for intent in wishes.0.drain() {
        match intent {
            Intent::SetIdentity { name, color } => {
                let request = node.send(NodeCommand::IdentitySet { name: Some(name), color: Some(color) });
                asked.put(request, Purpose::Identity);
                next.set(Screen::JoinOrCreate);
            }
            Intent::Back => next.set(Screen::Identity),
            Intent::SelectCommunity(community) => selection.open_community(community),
            Intent::SelectChannel(channel) => selection.open_channel(channel),
            Intent::CreateCommunity { name } => {
                let request = node.send(NodeCommand::CommunityCreate { name });
                asked.put(request, form);
            }
            Intent::Join { link } => {
                let request = node.send(NodeCommand::CommunityJoin { link });
                asked.put(request, form);
                faces.offered_link = None;
            }
            Intent::Leave(community) => asked.put(node.send(NodeCommand::CommunityLeave { community }), Purpose::Deed),
            Intent::RenameCommunity { community, name } => {
                asked.put(node.send(NodeCommand::CommunityUpdate { community, name }), Purpose::Dialog);
            }
            Intent::CreateChannel { community, name, kind } => {
                let request = node.send(NodeCommand::ChannelCreate { community, name, kind, sealed: false });
                asked.put(request, Purpose::Dialog);
            }
            Intent::UpdateChannel { channel, name, topic } => {
                let command =
                    NodeCommand::ChannelUpdate { channel, name: Some(name), topic: Some(topic), position: None };
                asked.put(node.send(command), Purpose::Dialog);
            }
            Intent::DeleteChannel(channel) => {
                asked.put(node.send(NodeCommand::ChannelDelete { channel }), Purpose::Deed)
            }
            Intent::CreateInvite { community, expires_s } => {
                let command = NodeCommand::InviteCreate { community, expires_s, max_uses: None, role: None };
                asked.put(node.send(command), Purpose::Dialog);
            }
            Intent::Send { channel, text, reply_to } => {
                asked.put(node.send(NodeCommand::MessageSend { channel, text, reply_to }), Purpose::Deed);
            }
            Intent::Edit { message, text } => {
                asked.put(node.send(NodeCommand::MessageEdit { message, text }), Purpose::Deed)
            }
            Intent::Delete { message } => asked.put(node.send(NodeCommand::MessageDelete { message }), Purpose::Deed),
            Intent::React { message, emoji, on } => {
                asked.put(node.send(NodeCommand::MessageReact { message, emoji, on }), Purpose::Deed);
            }
            Intent::Pin { message, on } => asked.put(node.send(NodeCommand::MessagePin { message, on }), Purpose::Deed),
            Intent::Typing { channel } => {
                node.send(NodeCommand::TypingSend { channel });
            }
            Intent::MoveWindow { anchor } => {
                node.send(NodeCommand::WindowMove { window: MAIN_WINDOW, anchor });
            }
            Intent::OpenNewest => {
                node.send(NodeCommand::WindowMove { window: MAIN_WINDOW, anchor: Anchor::Newest });
            }
            Intent::MarkRead { channel, message } => {
                node.send(NodeCommand::ReadMark { channel, message });
            }
            Intent::CopyText(text) => {
                clipboard.set_text(&text);
            }
            Intent::OpenLink(url) => open_link(&url, &mut context, &mut toasts, clock.now_ms()),
            Intent::DismissToast(id) => {
                if toasts.dismiss(id).is_some_and(|toast| toast.text == KEYS_IN_A_FILE) {
                    prefs.change(|values| values.knows_key_place = true);
                }
            }
            Intent::PeopleShown(shown) => prefs.change(|values| values.people = shown),
            Intent::SetTheme(choice) => {
                look.choice = choice;
                look.tokens = Tokens::built_in(choice);
                prefs.change(|values| values.theme = choice);
            }
            Intent::JoinVoice(channel) => asked.put(node.send(NodeCommand::VoiceJoin { channel }), Purpose::Deed),
            Intent::LeaveVoice => asked.put(node.send(NodeCommand::VoiceLeave), Purpose::Deed),
            Intent::Sit(spot) => {
                node.send(set(VoiceSettings { position: Some(spot), ..VoiceSettings::default() }));
            }
            Intent::Whisper(users) => {
                voices.whisper.clone_from(&users);
                node.send(set(VoiceSettings { whisper: Some(users), ..VoiceSettings::default() }));
            }
            Intent::SetPlan { channel, plan } => {
                asked.put(node.send(NodeCommand::ChannelPlan { channel, plan }), Purpose::Deed);
            }
            Intent::SetMute(on) => {
                asked.put(node.send(set(VoiceSettings { mute: Some(on), ..VoiceSettings::default() })), Purpose::Deed);
            }
            Intent::SetDeafen(on) => {
                asked
                    .put(node.send(set(VoiceSettings { deafen: Some(on), ..VoiceSettings::default() })), Purpose::Deed);
            }
            Intent::SetVolume { user, gain } => {
                prefs.set_volume(user, gain, clock.now_ms());
                let volume = [(user, prefs.volume(user))].into();
                node.send(set(VoiceSettings { volume, ..VoiceSettings::default() }));
            }
            Intent::MuteMember { user, on } => {
                if let Some(community) = selection.community {
                    asked.put(node.send(NodeCommand::MemberMute { community, user, on }), Purpose::Deed);
                }
            }
            Intent::SetVoice(choices) => {
                asked.put(node.send(set(voice::wanted(&choices))), Purpose::Sound);
                prefs.change(|values| values.voice = choices);
            }
            Intent::ListDevices => asked.put(node.send(NodeCommand::Voice(VoiceAsk::Devices)), Purpose::Sound),
            Intent::TestMicrophone(on) => {
                asked.put(node.send(NodeCommand::Voice(VoiceAsk::Test { on })), Purpose::Sound)
            }
            Intent::AskKey(which) => voices.keys.ask(which),
            Intent::PushToTalk(held) => {
                // The gate goes with it, because a key alone would choose push to talk.
                let gate = Some(voice::gate(prefs.values.voice.talk));
                node.send(set(VoiceSettings { ptt: Some(held), gate, ..VoiceSettings::default() }));
            }
            Intent::Quit => {
                prefs.save();
                node.send(NodeCommand::Shutdown);
                exit.write(AppExit::Success);
            }
        }
    }
    // Whatever was wished, the screen says so in the next frame.
    need.now();
}

fn set(settings: VoiceSettings) -> NodeCommand {
    NodeCommand::Voice(VoiceAsk::Set(settings))
}

fn open_link(
    url: &str,
    context: &mut Query<&mut EguiContext, With<PrimaryEguiContext>>,
    toasts: &mut Toasts,
    now_ms: u64,
) {
    let web = url.starts_with("https://") || url.starts_with("http://");
    match context.single_mut() {
        Ok(mut context) if web => context.get_mut().open_url(egui::OpenUrl::new_tab(url)),
        _ => toasts.show(ToastLevel::Warning, "Only web addresses can be opened from a message.", now_ms),
    }
}
