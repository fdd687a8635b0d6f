//! What a call keeps of others, counted.

use super::Call;
use crate::limits;

impl Call {
    /// Name, count and bound of what others can make grow. Tests hold the two against each other.
    pub fn held(&self) -> [(&'static str, usize, usize); 9] {
        let members = self.members.len();
        let waiting = self.members.values().map(|p| p.waiting.len()).max().unwrap_or(0);
        [
            ("members", members, limits::MEMBERS),
            ("gone", self.gone.len(), limits::MEMBERS),
            ("past", self.past.len(), limits::MEMBERS),
            ("links", self.links.peers().len(), members),
            ("hearing", self.hearing.len(), members),
            ("keys", self.receive.len(), members * limits::SENDER_KEYS * limits::OPEN_STEPS),
            ("early frames", self.early.len(), limits::EARLY_FRAMES),
            ("waiting signals", waiting, limits::WAITING_SIGNALS),
            ("shunned", self.agreed.shunned.len(), limits::MEMBERS),
        ]
    }
}
