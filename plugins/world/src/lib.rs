//! The ECS projection of what the node knows: entities, relationships, and the order in which systems touch them.
//!
//! The kernel owns every fact; this World can be dropped and rebuilt from a snapshot at any time ([`drop_projection`]).
//! Only [`HearthSystems::Apply`] writes facts. This crate must never read a clock, open a window or talk to the node:
//! that is `plugins/bridge`. Start with [`facts`], then [`apply`].
//!
//! [`WorldPlugin`] installs:
//! - resources [`EntityIndex`], [`Revisions`], [`Me`], [`Network`], [`Microphone`], [`FrameNeed`], [`RequestIds`]
//! - messages [`Ingested`], [`ReplyArrived`], [`Notice`], [`MessageArrived`], [`WindowLost`], [`SendCommand`]
//! - [`HearthSystems::Apply`] and [`HearthSystems::Derive`] systems, and the order of all sets

pub mod apply;
pub mod derive;
pub mod dump;
pub mod facts;
pub mod flow;
pub mod index;

pub use apply::drop_projection;
pub use derive::{ChannelRows, UnreadTotal};
pub use dump::dump;
pub use facts::*;
pub use flow::{
    FrameNeed, Ingested, MessageArrived, NodeDoor, NodeEnded, Notice, ReplyArrived, RequestIds, SendCommand, WindowLost,
};
pub use index::EntityIndex;

use bevy_app::{App, Last, Plugin, PreUpdate, Update};
use bevy_ecs::prelude::*;

/// The sets of every system of ours, in the order they run.
#[derive(SystemSet, Debug, Clone, PartialEq, Eq, Hash)]
pub enum HearthSystems {
    /// `PreUpdate`: events leave the node's queue.
    Ingest,
    /// `PreUpdate`: events become entities and components. Nobody else writes facts.
    Apply,
    /// `Update`: what follows from facts: totals and orders.
    Derive,
    /// `Update`: what moves.
    Animate,
    /// egui's pass: draws, collects intents. May run twice a frame.
    View,
    /// `Last`: intents become commands.
    Intent,
    /// `Last`: commands go to the node.
    Send,
    /// `Last`: decides whether another frame is needed.
    Govern,
}

/// Installs the projection.
pub struct WorldPlugin;

impl Plugin for WorldPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<EntityIndex>()
            .init_resource::<Me>()
            .init_resource::<Network>()
            .init_resource::<Microphone>()
            .init_resource::<FrameNeed>()
            .init_resource::<RequestIds>()
            .init_resource::<Revisions>()
            .add_message::<Ingested>()
            .add_message::<ReplyArrived>()
            .add_message::<Notice>()
            .add_message::<MessageArrived>()
            .add_message::<WindowLost>()
            .add_message::<NodeEnded>()
            .add_message::<SendCommand>()
            .configure_sets(PreUpdate, (HearthSystems::Ingest, HearthSystems::Apply).chain())
            .configure_sets(Update, (HearthSystems::Derive, HearthSystems::Animate).chain())
            .configure_sets(Last, (HearthSystems::Intent, HearthSystems::Send, HearthSystems::Govern).chain())
            .add_systems(PreUpdate, apply::apply.in_set(HearthSystems::Apply))
            .add_systems(Update, (derive::order_channels, derive::sum_unread).chain().in_set(HearthSystems::Derive));
    }
}
