//! What a compute role does to its guests.

use std::sync::Arc;

use nova_core::id::ServerId;
use nova_core::state::PowerState;
use nova_core::{Env, KeyedLocks, Timestamp};
use nova_virt::image::ImageSource;
use nova_virt::{
    BaseImage, DestroyOptions, DiskSpec, Error as VirtError, GuestId, Hypervisor,
    HypervisorExt as _, PowerOff, Reboot, SpawnOptions, VmSpec,
};
use tokio::sync::{Semaphore, SemaphorePermit, broadcast};

use super::failure::ComputeFailure;
use crate::calls::compute::{GuestRequest, Shutdown};

type Result<T, E = ComputeFailure> = std::result::Result<T, E>;

/// A host's guests: the driver, and what stands around it.
#[derive(Debug)]
pub(super) struct Guests {
    pub(super) hypervisor: Arc<dyn Hypervisor>,
    pub(super) images: Arc<dyn ImageSource>,
    pub(super) env: Env,
    /// How many guests are built at a time.
    pub(super) builds: Semaphore,
    /// One build or removal at a time for each guest.
    pub(super) turns: KeyedLocks<ServerId>,
    /// Calls off a build that has not reached the driver yet.
    pub(super) called_off: broadcast::Sender<ServerId>,
}

/// A console log of more than this is cut at its beginning, whatever was asked for.
const MAX_CONSOLE_BYTES: usize = 1 << 20;

impl Guests {
    /// Makes the guest and starts it.
    ///
    /// Whoever asked stops waiting at the deadline and has the guest removed, so the driver is not
    /// asked after it, nor once the removal was asked for.
    pub(super) async fn spawn(
        &self,
        request: &GuestRequest,
        deadline: Timestamp,
    ) -> Result<PowerState> {
        let mut called_off = self.called_off.subscribe();
        let _turn = self.turns.lock(request.server_id).await;
        let removal = async {
            loop {
                match called_off.recv().await {
                    Ok(server) if server != request.server_id => {}
                    // Of those that were missed, one may be this.
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                    Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        let (_permit, base) = tokio::select! {
            biased;
            () = removal => return Err(ComputeFailure::too_late("it was called off")),
            prepared = self.prepare(request) => prepared?,
        };
        if deadline <= self.env.now() {
            return Err(ComputeFailure::too_late("nobody waits for it any more"));
        }
        let size = request
            .root_disk
            .to_bytes()
            .map_err(|error| VirtError::invalid("root disk", error.to_string()))?;
        let spec = VmSpec {
            id: request.server_id.into(),
            name: request.name.as_str().to_owned(),
            vcpus: request.vcpus,
            memory: request.memory,
            disks: vec![DiskSpec {
                size,
                base: Some(base),
            }],
            nics: Vec::new(),
        };
        let guest = self
            .hypervisor
            .spawn(&spec, &SpawnOptions::default())
            .await?;
        Ok(guest.power_state)
    }

    /// Waits for a place among the builds, and for the image.
    async fn prepare(&self, request: &GuestRequest) -> Result<(SemaphorePermit<'_>, BaseImage)> {
        let permit = self
            .builds
            .acquire()
            .await
            .map_err(|_| ComputeFailure::too_late("the role is stopping"))?;
        let base = self
            .images
            .prepare(request.image_id)
            .await
            .map_err(VirtError::from)?;
        Ok((permit, base))
    }

    /// Removes the guest. A build of it that waits is called off, one that the driver has begun is
    /// waited for.
    pub(super) async fn destroy(&self, server: ServerId, deadline: Timestamp) -> Result<()> {
        // Nobody waiting is no failure.
        let _ = self.called_off.send(server);
        let patience = deadline.duration_since(self.env.now());
        let _turn = tokio::time::timeout(patience, self.turns.lock(server))
            .await
            .map_err(|_| ComputeFailure::busy())?;
        Ok(self
            .hypervisor
            .destroy(server.into(), &DestroyOptions::default())
            .await?)
    }

    pub(super) async fn start(&self, server: ServerId) -> Result<PowerState> {
        self.hypervisor.power_on(server.into()).await?;
        self.power_state(server).await
    }

    pub(super) async fn stop(&self, server: ServerId, shutdown: Shutdown) -> Result<PowerState> {
        let mode = match shutdown {
            Shutdown::Graceful(patience) => PowerOff::Graceful(patience),
            Shutdown::Hard => PowerOff::Hard,
        };
        self.hypervisor.power_off(server.into(), mode).await?;
        self.power_state(server).await
    }

    pub(super) async fn reboot(&self, server: ServerId, shutdown: Shutdown) -> Result<PowerState> {
        let mode = match shutdown {
            Shutdown::Graceful(patience) => Reboot::Soft(patience),
            Shutdown::Hard => Reboot::Hard,
        };
        self.hypervisor.reboot(server.into(), mode).await?;
        self.power_state(server).await
    }

    pub(super) async fn pause(&self, server: ServerId) -> Result<PowerState> {
        self.hypervisor.pause_guest(server.into()).await?;
        self.power_state(server).await
    }

    pub(super) async fn unpause(&self, server: ServerId) -> Result<PowerState> {
        self.hypervisor.unpause_guest(server.into()).await?;
        self.power_state(server).await
    }

    /// The guest's power state; `NoState` if there is no such guest.
    pub(super) async fn power_state(&self, server: ServerId) -> Result<PowerState> {
        match self.hypervisor.inspect(GuestId::from(server)).await {
            Ok(guest) => Ok(guest.power_state),
            Err(VirtError::NotFound { .. }) => Ok(PowerState::NoState),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) async fn console(&self, server: ServerId, max_bytes: usize) -> Result<Vec<u8>> {
        let max_bytes = max_bytes.min(MAX_CONSOLE_BYTES);
        Ok(self
            .hypervisor
            .read_console(server.into(), max_bytes)
            .await?)
    }
}
