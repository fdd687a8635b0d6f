//! No two systems of ours may touch the same thing in an order nobody chose.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/support.rs"]
mod support;

use bevy::{
    ecs::schedule::{
        InternedScheduleLabel, LogLevel, ScheduleBuildSettings, ScheduleBuildWarning, ScheduleLabel, Schedules,
        SystemKey,
    },
    prelude::*,
};
use bevy_egui::EguiPrimaryContextPass;
use hearth_bridge::WakeUp;
use hearth_desktop::{AppConfig, Surface, app};
use std::collections::HashMap;
use support::fake_node::{FakeNode, State as NodeState};

fn client() -> App {
    let wake_up = WakeUp::default();
    let (_fake, handle) = FakeNode::start(NodeState::empty(), wake_up.waker());
    let surface = Surface::Picture { file: "unused.png".into(), size: (64, 64) };
    app(AppConfig { surface, wake_up, ..AppConfig::default() }, handle)
}

/// Pairs of systems of ours without an order, in every schedule that holds any.
fn ambiguities(app: &mut App) -> Vec<String> {
    let labels: [InternedScheduleLabel; 7] = [
        Startup.intern(),
        First.intern(),
        PreUpdate.intern(),
        Update.intern(),
        PostUpdate.intern(),
        EguiPrimaryContextPass.intern(),
        Last.intern(),
    ];
    let world = app.world_mut();
    let mut found = Vec::new();
    let mut ours = 0;
    for label in labels {
        let mut schedule = world.resource_mut::<Schedules>().remove(label).expect("schedule");
        schedule.set_build_settings(ScheduleBuildSettings { ambiguity_detection: LogLevel::Warn, ..default() });
        let built = schedule.initialize(world).expect("a schedule that can be built").expect("not built before");
        let systems = schedule.systems().expect("built").map(|(key, system)| (key, system.name().to_string()));
        let names: HashMap<SystemKey, String> = systems.collect();
        ours += names.values().filter(|name| name.starts_with("hearth_")).count();
        for warning in built.warnings {
            let ScheduleBuildWarning::Ambiguity(conflicts) = warning else { continue };
            for (a, b, _) in conflicts.0.iter() {
                let (Some(a), Some(b)) = (names.get(a), names.get(b)) else { continue };
                if a.starts_with("hearth_") && b.starts_with("hearth_") {
                    found.push(format!("{label:?}: {a} and {b}"));
                }
            }
        }
    }
    assert!(ours >= 15, "only {ours} systems of ours were seen: the names no longer say whose they are");
    found
}

#[test]
fn our_systems_have_an_order_wherever_it_matters() {
    let found = ambiguities(&mut client());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_system_without_an_order_is_found() {
    let mut app = client();
    app.add_systems(Update, hearth_ui::toasts::expire);
    assert!(!ambiguities(&mut app).is_empty());
}
