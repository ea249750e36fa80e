//! The suite for drivers finds drivers that break a promise: each flaw here makes it panic.

use std::fmt::Debug;

use async_trait::async_trait;
use nova_core::Env;
use nova_virt::conformance::{self, Harness};
use nova_virt::mock::MockHypervisor;
use nova_virt::{
    ConsoleLog, DestroyOptions, Error, Events, Guest, GuestId, HostInventory, Hypervisor,
    HypervisorExt, Pause, PowerOff, PowerState, Reboot, Result, SpawnOptions, VmSpec,
};

/// What is wrong with a driver.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Flaw {
    None,
    NoProcessors,
    SpawnFailsWhenRepeated,
    SpawnTakesAnotherSpec,
    SpawnStartsAlways,
    SpawnSkipsValidation,
    SpawnTrustsImages,
    SpawnLosesName,
    DestroyDoesNothing,
    DestroyNeedsGuest,
    ListIsUnordered,
    PowerOnResets,
    PowerOffIgnoresGrace,
    SoftRebootWakesStopped,
    HardRebootNeedsRunning,
    PauseIsFake,
    LogIgnoresLimit,
    EventsOfAnother,
}

#[derive(Debug)]
struct Flawed {
    inner: MockHypervisor,
    elsewhere: MockHypervisor,
    flaw: Flaw,
}

#[async_trait]
impl Hypervisor for Flawed {
    fn driver(&self) -> &'static str {
        "flawed"
    }

    async fn inventory(&self) -> Result<HostInventory> {
        let mut inventory = self.inner.inventory().await?;
        if self.flaw == Flaw::NoProcessors {
            inventory.vcpus = 0;
        }
        Ok(inventory)
    }

    async fn spawn(&self, spec: &VmSpec, options: &SpawnOptions) -> Result<Guest> {
        let (mut spec, mut options) = (spec.clone(), options.clone());
        let existing = self.inner.inspect(spec.id).await;
        match self.flaw {
            Flaw::SpawnFailsWhenRepeated if existing.is_ok() => {
                return Err(Error::AlreadyExists { guest: spec.id });
            }
            Flaw::SpawnTakesAnotherSpec if existing.is_ok() => return existing,
            Flaw::SpawnStartsAlways => options.start = true,
            Flaw::SpawnSkipsValidation if spec.vcpus == 0 => spec.vcpus = 1,
            Flaw::SpawnTrustsImages => spec.disks.iter_mut().for_each(|disk| disk.base = None),
            Flaw::SpawnLosesName => spec.name = spec.name.trim().to_owned(),
            _ => {}
        }
        self.inner.spawn(&spec, &options).await
    }

    async fn destroy(&self, id: GuestId, options: &DestroyOptions) -> Result<()> {
        match self.flaw {
            Flaw::DestroyDoesNothing => return Ok(()),
            Flaw::DestroyNeedsGuest => {
                self.inner.inspect(id).await?;
            }
            _ => {}
        }
        self.inner.destroy(id, options).await
    }

    async fn power_on(&self, id: GuestId) -> Result<()> {
        if self.flaw == Flaw::PowerOnResets {
            return self.inner.reboot(id, Reboot::Hard).await;
        }
        self.inner.power_on(id).await
    }

    async fn power_off(&self, id: GuestId, mode: PowerOff) -> Result<()> {
        let mode = if self.flaw == Flaw::PowerOffIgnoresGrace {
            PowerOff::Hard
        } else {
            mode
        };
        self.inner.power_off(id, mode).await
    }

    async fn reboot(&self, id: GuestId, mode: Reboot) -> Result<()> {
        let power_state = self.inner.inspect(id).await?.power_state;
        match (self.flaw, mode) {
            (Flaw::SoftRebootWakesStopped, _) if power_state == PowerState::Shutdown => {
                self.inner.reboot(id, Reboot::Hard).await
            }
            (Flaw::HardRebootNeedsRunning, Reboot::Hard) if power_state != PowerState::Running => {
                Err(Error::WrongState {
                    guest: id,
                    operation: "reboot",
                    power_state,
                })
            }
            _ => self.inner.reboot(id, mode).await,
        }
    }

    async fn list(&self) -> Result<Vec<Guest>> {
        let mut guests = self.inner.list().await?;
        if self.flaw == Flaw::ListIsUnordered {
            guests.reverse();
        }
        Ok(guests)
    }

    async fn inspect(&self, id: GuestId) -> Result<Guest> {
        self.inner.inspect(id).await
    }

    fn events(&self) -> Events {
        if self.flaw == Flaw::EventsOfAnother {
            self.elsewhere.events()
        } else {
            self.inner.events()
        }
    }

    fn pause(&self) -> Option<&dyn Pause> {
        if self.flaw == Flaw::PauseIsFake {
            self.elsewhere.pause()
        } else {
            self.inner.pause()
        }
    }

    fn console_log(&self) -> Option<&dyn ConsoleLog> {
        Some(self)
    }
}

#[async_trait]
impl ConsoleLog for Flawed {
    async fn console_log(&self, id: GuestId, max_bytes: usize) -> Result<Vec<u8>> {
        let limit = if self.flaw == Flaw::LogIgnoresLimit {
            usize::MAX
        } else {
            max_bytes
        };
        self.inner.read_console(id, limit).await
    }
}

/// Whether the suite passes a driver with this flaw.
#[expect(clippy::expect_used, reason = "a helper of tests")]
async fn passes(flaw: Flaw) -> bool {
    let running = tokio::spawn(async move {
        let directory = tempfile::tempdir().expect("a directory");
        let (inner, elsewhere) = (
            MockHypervisor::new("here"),
            MockHypervisor::new("elsewhere"),
        );
        let driver = Flawed {
            inner,
            elsewhere,
            flaw,
        };
        let harness = Harness::new(&Env::simulated(1), directory.path())
            .with_console("NOVA-GUEST-UP", "NOVA-GUEST-DOWN");
        conformance::all(&driver, &harness).await;
    });
    running.await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn the_suite_finds_every_flaw() {
    assert!(passes(Flaw::None).await, "the driver without a flaw");
    for flaw in [
        Flaw::NoProcessors,
        Flaw::SpawnFailsWhenRepeated,
        Flaw::SpawnTakesAnotherSpec,
        Flaw::SpawnStartsAlways,
        Flaw::SpawnSkipsValidation,
        Flaw::SpawnTrustsImages,
        Flaw::SpawnLosesName,
        Flaw::DestroyDoesNothing,
        Flaw::DestroyNeedsGuest,
        Flaw::ListIsUnordered,
        Flaw::PowerOnResets,
        Flaw::PowerOffIgnoresGrace,
        Flaw::SoftRebootWakesStopped,
        Flaw::HardRebootNeedsRunning,
        Flaw::PauseIsFake,
        Flaw::LogIgnoresLimit,
        Flaw::EventsOfAnother,
    ] {
        assert!(!passes(flaw).await, "{flaw:?} was not found");
    }
}
