//! What is kept has an end.

use crate::cast::{self, Cast};
use crate::stage::Stage;
use hearth_types::limits;

#[test]
fn drafts_and_heights_have_an_end() {
    let mut s = Stage::main(Cast::many_channels());
    for n in 0..limits::UI_DRAFTS + 10 {
        s.world_mut().cast.channel = Some(7 + n);
        s.wait(2);
        s.write("draft");
    }
    s.wait(2);
    s.world_mut().cast.channel = Some(7);
    s.wait(2);
    assert_eq!(s.world().ui.composer.text(), "draft", "the first ones are kept");
    s.world_mut().cast.channel = Some(7 + limits::UI_DRAFTS + 5);
    s.wait(2);
    assert_eq!(s.world().ui.composer.text(), "", "beyond the limit a draft is not kept");
    for round in 0..600u64 {
        s.world_mut().cast.messages = (0..14).map(|n| cast::message(round * 14 + n, 2, cast::NOW, "x")).collect();
        s.wait(1);
        assert!(s.world().ui.timeline.heights_kept() <= limits::UI_HEIGHTS + limits::WINDOW_MESSAGES);
    }
}

#[test]
fn five_hundred_channels_cost_what_is_seen() {
    let s = Stage::main(Cast::many_channels());
    let drawn = s.names().iter().filter(|(_, n)| n.contains(", channel")).count();
    assert!(drawn > 10 && drawn < 40, "{drawn} channels were drawn");
}
