//! Who may depend on whom: `base < core < io < bin`, the view on base, plugins on base, view and world; what stands beside
//! the face (lounge, keys, overlay) on the face too, and on the crates that know one thing of the desktop.

use super::{Crate, Finding};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layer {
    Base,
    Core,
    Io,
    /// One thing of the desktop, known to nobody else: keys, a window over a game.
    Desktop,
    View,
    World,
    Plugin,
    /// A plugin that adds to what `plugins/ui` is.
    Beside,
    Bin,
    Dev,
}

impl Layer {
    fn of(folder: &str) -> Option<Self> {
        Some(match folder.split('/').collect::<Vec<_>>().as_slice() {
            ["crates", "base", _] => Self::Base,
            ["crates", "core", _] => Self::Core,
            ["crates", "io", "games" | "hotkeys" | "osd"] => Self::Desktop,
            ["crates", "io", _] => Self::Io,
            ["crates", "ui", _] => Self::View,
            ["crates", "bin", _] => Self::Bin,
            ["crates", "dev", _] => Self::Dev,
            ["plugins", "world"] => Self::World,
            ["plugins", "keys" | "lounge" | "overlay" | "playing"] => Self::Beside,
            ["plugins", _] => Self::Plugin,
            _ => return None,
        })
    }

    fn may_use(self, other: Self) -> bool {
        match self {
            Self::Base => other == Self::Base,
            Self::Core => matches!(other, Self::Base | Self::Core),
            Self::Io => matches!(other, Self::Base | Self::Core | Self::Io),
            Self::View | Self::Desktop => other == Self::Base,
            Self::World => matches!(other, Self::Base | Self::View),
            Self::Plugin => matches!(other, Self::Base | Self::View | Self::World),
            Self::Beside => {
                matches!(other, Self::Base | Self::View | Self::World | Self::Plugin | Self::Desktop)
            }
            Self::Bin => !matches!(other, Self::Dev | Self::Bin),
            Self::Dev => true,
        }
    }
}

/// A dependency that only some folders may have. A name ending in `*` stands for every name that begins so.
struct Ban {
    name: &'static str,
    allowed: fn(Layer, &str) -> bool,
    why: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        name: "tokio*",
        allowed: |l, _| impure(l),
        why: "base, core and the view wait for nothing: time and input are arguments",
    },
    Ban { name: "libp2p*", allowed: |_, f| f == "crates/io/net", why: "libp2p stays inside crates/io/net" },
    Ban { name: "rusqlite", allowed: |_, f| f == "crates/io/store", why: "SQLite stays inside crates/io/store" },
    Ban { name: "webrtc*", allowed: |_, f| f == "crates/io/rtc", why: "WebRTC stays inside crates/io/rtc" },
    Ban { name: "getrandom", allowed: |l, _| impure(l), why: "randomness is passed into base, core and the view" },
    Ban { name: "rand", allowed: |l, _| impure(l), why: "randomness is passed into base, core and the view" },
    Ban {
        name: "bevy*",
        allowed: |l, _| matches!(l, Layer::World | Layer::Plugin | Layer::Beside | Layer::Bin),
        why: "Bevy belongs to plugins and the client's main",
    },
    Ban {
        name: "bevy",
        allowed: |_, f| f != "plugins/world" && f != "plugins/bridge",
        why: "world and bridge take bevy_ecs and bevy_app alone, so that they build in seconds",
    },
];

fn impure(layer: Layer) -> bool {
    !matches!(layer, Layer::Base | Layer::Core | Layer::View)
}

impl Ban {
    fn names(&self, dependency: &str) -> bool {
        self.name.strip_suffix('*').map_or(self.name == dependency, |start| dependency.starts_with(start))
    }
}

/// Wrong neighbours, banned dependencies, and crates outside every layer.
pub fn check(crates: &[Crate]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for krate in crates {
        let place = format!("{}/Cargo.toml", krate.folder);
        let Some(layer) = Layer::of(&krate.folder) else {
            findings.push(Finding::fail(
                place,
                "this folder belongs to no layer (crates/{base,core,io,ui,bin,dev}/*, plugins/*)",
            ));
            continue;
        };
        let short = krate.folder.rsplit('/').next().unwrap_or_default();
        if krate.name != format!("hearth-{short}") {
            findings.push(Finding::fail(
                &place,
                format!("the package of this folder is called hearth-{short}, not {}", krate.name),
            ));
        }
        for dependency in &krate.dependencies {
            if let Some(other) = crates.iter().find(|c| c.name == dependency.name) {
                let Some(other_layer) = Layer::of(&other.folder) else { continue };
                let for_tests = dependency.only_tests && other_layer == Layer::Dev;
                if !layer.may_use(other_layer) && !for_tests {
                    findings.push(Finding::fail(
                        &place,
                        format!("{layer:?} may not use {} ({other_layer:?})", other.folder),
                    ));
                }
            } else if layer != Layer::Dev && !dependency.only_tests {
                findings.extend(
                    BANS.iter()
                        .find(|ban| ban.names(&dependency.name) && !(ban.allowed)(layer, &krate.folder))
                        .map(|ban| Finding::fail(&place, format!("no {} here: {}", dependency.name, ban.why))),
                );
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::Dependency;

    /// What is said about `folder` when it depends on `on`, beside one crate of every layer.
    fn said(folder: &str, on: &str, only_tests: bool) -> Vec<String> {
        let named = |folder: &str| Crate {
            name: format!("hearth-{}", folder.rsplit('/').next().unwrap_or_default()),
            folder: folder.into(),
            dependencies: Vec::new(),
        };
        let mut crates: Vec<Crate> = [
            "crates/base/types",
            "crates/core/kernel",
            "crates/io/net",
            "crates/ui/view",
            "crates/bin/cli",
            "crates/dev/testkit",
            "plugins/world",
            "plugins/bridge",
        ]
        .map(named)
        .into();
        let mut one = named(folder);
        one.dependencies.push(Dependency { name: on.into(), only_tests });
        crates.retain(|c| c.folder != folder);
        crates.push(one);
        check(&crates).into_iter().map(|f| f.what).collect()
    }

    #[test]
    fn layers_look_down_only() {
        for (folder, on) in [
            ("crates/base/wire", "hearth-types"),
            ("crates/core/replica", "hearth-types"),
            ("crates/core/replica", "hearth-kernel"),
            ("crates/io/node", "hearth-kernel"),
            ("crates/io/node", "hearth-net"),
            ("crates/ui/view", "hearth-types"),
            ("plugins/ui", "hearth-world"),
            ("plugins/ui", "hearth-view"),
            ("crates/bin/desktop", "hearth-bridge"),
            ("crates/dev/sim", "hearth-cli"),
        ] {
            assert_eq!(said(folder, on, false), Vec::<String>::new(), "{folder} on {on}");
        }
        for (folder, on) in [
            ("crates/base/types", "hearth-kernel"),
            ("crates/base/types", "hearth-net"),
            ("crates/core/replica", "hearth-net"),
            ("crates/io/net", "hearth-view"),
            ("crates/io/net", "hearth-world"),
            ("crates/io/net", "hearth-cli"),
            ("crates/ui/view", "hearth-kernel"),
            ("plugins/ui", "hearth-net"),
            ("plugins/ui", "hearth-kernel"),
            ("plugins/ui", "hearth-bridge"),
            ("plugins/world", "hearth-bridge"),
            ("crates/bin/desktop", "hearth-testkit"),
            ("crates/bin/desktop", "hearth-cli"),
        ] {
            assert_eq!(said(folder, on, false).len(), 1, "{folder} on {on}");
        }
    }

    #[test]
    fn tests_may_use_dev_crates_and_nothing_else_above_them() {
        assert!(said("crates/core/kernel", "hearth-testkit", true).is_empty());
        assert_eq!(said("crates/core/kernel", "hearth-testkit", false).len(), 1);
        assert_eq!(said("crates/core/kernel", "hearth-net", true).len(), 1);
    }

    #[test]
    fn heavy_dependencies_stay_in_their_adapters() {
        for (folder, on) in [
            ("crates/base/crypto", "getrandom"),
            ("crates/core/kernel", "tokio"),
            ("crates/core/kernel", "libp2p"),
            ("crates/base/wire", "rusqlite"),
            ("crates/core/kernel", "webrtc"),
            ("crates/core/timeline", "bevy_ecs"),
            ("crates/ui/view", "bevy"),
            ("crates/ui/view", "bevy_egui"),
            ("crates/io/node", "libp2p"),
            ("crates/io/node", "libp2p-stream"),
            ("crates/io/net", "rusqlite"),
            ("crates/bin/cli", "libp2p"),
            ("plugins/world", "bevy"),
            ("plugins/bridge", "bevy"),
            ("crates/io/net", "bevy_app"),
        ] {
            assert_eq!(said(folder, on, false).len(), 1, "{folder} on {on}");
        }
        for (folder, on) in [
            ("crates/io/net", "libp2p-stream"),
            ("crates/io/store", "rusqlite"),
            ("crates/io/node", "getrandom"),
            ("crates/io/node", "tokio"),
            ("plugins/world", "bevy_ecs"),
            ("plugins/bridge", "bevy_app"),
            ("plugins/ui", "bevy"),
            ("crates/bin/desktop", "bevy"),
        ] {
            assert_eq!(said(folder, on, false), Vec::<String>::new(), "{folder} on {on}");
        }
    }

    #[test]
    fn a_crate_outside_the_layers_or_under_a_wrong_name_is_found() {
        assert_eq!(said("crates/misc", "serde", false).len(), 1);
        let wrong =
            Crate { name: "hearth-roster".into(), folder: "crates/core/replica".into(), dependencies: Vec::new() };
        assert_eq!(check(&[wrong]).len(), 1);
    }
}
