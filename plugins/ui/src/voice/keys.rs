//! One's own keys: which there are, and one that is waited for.

use hearth_view::{KeyFor, KeysView};

/// One's own keys, as whoever watches them while other programs are in front knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysState {
    /// What is written on each, in the order of [`KeyFor::ALL`]; empty where there is none.
    pub labels: [String; KeyFor::ALL.len()],
    /// They are watched wherever one is; else this window reads [`super::TALK_KEY`] while it has the keyboard.
    pub everywhere: bool,
    /// Which one is waited for.
    pub asked: Option<KeyFor>,
    /// The key that was pressed for the first is the second's.
    pub taken: Option<(KeyFor, KeyFor)>,
    /// The key of push to talk is held, by the watcher's word.
    pub held: bool,
    /// Why they are not watched everywhere.
    pub word: Option<String>,
}

impl Default for KeysState {
    fn default() -> Self {
        let labels = KeysView::default().labels.map(str::to_owned);
        Self { labels, everywhere: false, asked: None, taken: None, held: false, word: None }
    }
}

impl KeysState {
    /// Waits for this one.
    pub fn ask(&mut self, which: KeyFor) {
        (self.asked, self.taken) = (Some(which), None);
    }
    /// Lends it to the view.
    pub fn view(&self) -> KeysView<'_> {
        KeysView {
            labels: self.labels.each_ref().map(String::as_str),
            everywhere: self.everywhere,
            asked: self.asked,
            taken: self.taken,
            word: self.word.as_deref(),
        }
    }
}
