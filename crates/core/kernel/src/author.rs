//! Writing own entries: sign, make durable, and only then count, publish and acknowledge.

use crate::kernel::{Kernel, Pending, Then, Timer};
use hearth_ports::{ErrorCode, NodeError, NodeReply, StoreRequest};
use hearth_replica::{Draft, Quota};
use hearth_types::{
    ChannelId, Class, ContentBody, ControlAct, ControlBody, EntryId, Envelope, Hlc, KeyRef, Permissions, Scope,
    SpaceId, Target,
};
use hearth_wire::{CheckedEntry, cbor::Codec, entry::seal_content};

impl Kernel {
    /// Signs a control act. `need` is what the act takes; `None` for acts open to everybody inside.
    pub(crate) fn author_control(
        &mut self,
        space: SpaceId,
        body: ControlBody,
        need: Option<Permissions>,
    ) -> Result<CheckedEntry, NodeError> {
        let user = self.user;
        let s = self.spaces.get_mut(&space).ok_or_else(unknown_community)?;
        let by = match need {
            // Cites the way in, so that a device whose certificate somebody else claims stands with its own user.
            None => s.replica.admit_of(&user),
            Some(need) => s.replica.grant_for(&user, need).ok_or_else(not_allowed)?,
        };
        let act = ControlAct { by, body };
        let bytes = act.to_bytes();
        let envelope = s
            .own
            .next(self.now, &Draft { answered: Some(s.newest_control), ..Draft::control(bytes.len()) })
            .map_err(too_much)?;
        let entry = CheckedEntry::sign(envelope, bytes, &self.keys.device);
        follows(s.own.commit(&entry))?;
        Ok(entry)
    }

    /// Seals and signs content for a channel.
    pub(crate) fn author_content(
        &mut self,
        space: SpaceId,
        channel: ChannelId,
        content: &ContentBody,
        target: Option<Target>,
        answered: Option<Hlc>,
    ) -> Result<CheckedEntry, NodeError> {
        let user = self.user;
        let s = self.spaces.get_mut(&space).ok_or_else(unknown_community)?;
        if !s.replica.is_member(&user) {
            return Err(NodeError::new(ErrorCode::NotAMember, "You are not in this community any more."));
        }
        let state = s.replica.state().channels.get(&channel).ok_or_else(unknown_channel)?;
        let basis = Some(state.version);
        let Some((epoch, _)) = s.epoch() else {
            return Err(NodeError::new(
                ErrorCode::NoKey,
                "The key of this community is not here yet. Wait until somebody of it is online.",
            ));
        };
        let class = if target.is_some() { Class::Amendment } else { Class::Message };
        // The sealed length is known before sealing; the index of the key is the entry's place in the log.
        let body_len = content.to_bytes().len() + hearth_crypto::aead::OVERHEAD;
        let key = KeyRef { epoch, index: s.own.next_seq() };
        let draft = Draft { scope: Scope::Channel(channel), class, target, basis, key: Some(key), body_len, answered };
        let envelope = s.own.next(self.now, &draft).map_err(too_much)?;
        let entry = self.seal(envelope, content)?;
        if let Some(s) = self.spaces.get_mut(&space) {
            follows(s.own.commit(&entry))?;
        }
        Ok(entry)
    }

    fn seal(&mut self, envelope: Envelope, content: &ContentBody) -> Result<CheckedEntry, NodeError> {
        let s = self.spaces.get(&envelope.space).ok_or_else(unknown_community)?;
        let secret = envelope.key.and_then(|k| s.secrets.get(&k.epoch)).ok_or_else(unknown_community)?;
        let body = seal_content(&envelope, content, secret, &mut self.entropy);
        Ok(CheckedEntry::sign(envelope, body, &self.keys.device))
    }

    /// Hands own entries to the disk.
    pub(crate) fn put_own(&mut self, space: SpaceId, entries: Vec<CheckedEntry>, then: Then) {
        let rows = entries.iter().map(CheckedEntry::to_row).collect();
        let token = self.token(Pending::Own { space, entries, then });
        self.store(StoreRequest::PutOwn { token, rows });
    }

    /// One control act from a command: authored, stored, answered.
    pub(crate) fn act(
        &mut self,
        request: u64,
        space: SpaceId,
        body: ControlBody,
        need: Option<Permissions>,
        reply: impl FnOnce(EntryId) -> NodeReply,
    ) {
        match self.author_control(space, body, need) {
            Ok(entry) => {
                let reply = reply(entry.id());
                self.put_own(space, vec![entry], Then::Reply { request, reply });
            }
            Err(error) => self.reply(request, Err(error)),
        }
    }

    /// Own entries are on disk: now they count.
    pub(crate) fn own_stored(&mut self, space: SpaceId, entries: Vec<CheckedEntry>, then: Then) {
        if let Some(s) = self.spaces.get_mut(&space) {
            s.own.saved(entries.last().map_or(0, |e| e.envelope().seq));
        }
        for entry in &entries {
            self.admit(space, entry, crate::admit::Source::Own);
            self.publish_entry(space, entry);
        }
        self.set_timer(Timer::SoonHeads(space), 150);
        self.follow(space, then);
    }

    pub(crate) fn follow(&mut self, space: SpaceId, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Reply { request, reply } => self.reply(request, Ok(reply)),
            Then::Created { request } => self.created(request, space),
            Then::Left { request } => self.left(request, space),
            Then::Welcome { link, device } => self.welcome(link, space, device),
        }
    }
}

pub(crate) fn unknown_community() -> NodeError {
    NodeError::new(ErrorCode::UnknownCommunity, "There is no such community here.")
}
pub(crate) fn unknown_channel() -> NodeError {
    NodeError::new(ErrorCode::UnknownChannel, "There is no such channel here.")
}
pub(crate) fn unknown_message() -> NodeError {
    NodeError::new(ErrorCode::UnknownMessage, "There is no such message here.")
}
pub(crate) fn not_allowed() -> NodeError {
    NodeError::new(ErrorCode::NotAllowed, "Your roles in this community do not allow that.")
}
pub(crate) fn bad(message: &str) -> NodeError {
    NodeError::new(ErrorCode::BadArgument, message)
}
fn too_much(why: Quota) -> NodeError {
    NodeError::new(ErrorCode::TooMuch, format!("Not sent: {why}."))
}
fn follows(committed: bool) -> Result<(), NodeError> {
    // Cannot happen while this device alone writes its log; better an error than a log that contradicts itself.
    committed
        .then_some(())
        .ok_or_else(|| NodeError::new(ErrorCode::Disk, "This device's history changed underneath. Restart Hearth."))
}
