//! Creating a server.

use nova_core::id::{FlavorId, ImageId, ServerId, ZoneName};
use nova_core::model::{Flavor, ImageMeta, ImageStatus, NewServer, Server, ServerName};
use nova_core::state::{TaskState, VmState};
use nova_core::{Error as CoreError, RequestContext};
use nova_sched::{PlacementRequest, Plan};

use super::Api;
use super::access::administrators_only;
use crate::calls::conductor::BuildInstances;
use crate::calls::scheduler::SelectDestinations;
use crate::error::{Error, Result};
use crate::tasks::detached;
use crate::update::{Change, update_server};

/// A server that is asked for. Nothing in it is checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateServer {
    /// What people will call it.
    pub name: String,
    /// Its size.
    pub flavor: String,
    /// What it boots from.
    pub image: ImageId,
    /// In which zone; `None` for any.
    pub availability_zone: Option<String>,
}

impl CreateServer {
    /// A server of this name and size, booting from this image, in any zone.
    pub fn new(name: impl Into<String>, flavor: impl Into<String>, image: ImageId) -> Self {
        Self {
            name: name.into(),
            flavor: flavor.into(),
            image,
            availability_zone: None,
        }
    }

    /// In this zone only.
    #[must_use]
    pub fn in_zone(mut self, zone: impl Into<String>) -> Self {
        self.availability_zone = Some(zone.into());
        self
    }
}

/// What is asked for, checked.
struct Checked {
    name: ServerName,
    flavor: Flavor,
    image: ImageMeta,
    zone: Option<ZoneName>,
}

impl Api {
    /// Records a server and has it built. It is `building` when this returns; see
    /// [`wait_until_settled`](Self::wait_until_settled).
    ///
    /// # Errors
    /// Nothing is recorded if any is returned, unless the store fails halfway: then the server may
    /// be built after all.
    /// * [`Error::Core`]: the name, flavor id or zone is invalid; the flavor or image is not
    ///   there; the image is not active, or needs more than the flavor has;
    /// * [`Error::Role`]: no conductor takes the work.
    pub async fn server_create(
        &self,
        context: &RequestContext,
        request: CreateServer,
    ) -> Result<Server> {
        let (api, context) = (self.clone(), context.clone());
        // As one: a caller who goes away in between leaves no record that nobody builds.
        detached(async move { api.record_and_hand_over(&context, request).await }).await
    }

    async fn record_and_hand_over(
        &self,
        context: &RequestContext,
        request: CreateServer,
    ) -> Result<Server> {
        let checked = self.check(context, request).await?;
        let mut new = NewServer::new(
            ServerId::generate(&self.env),
            checked.name,
            context.project_id.clone(),
            context.user_id.clone(),
            checked.flavor,
            checked.image.id,
        );
        new.availability_zone = checked.zone;
        let server = Server::begin(new, self.env.now());
        self.store.servers().server_create(&server).await?;
        let work = BuildInstances {
            server_id: server.id,
        };
        match self.hand_over(context, work).await {
            Ok(()) => Ok(server),
            // It may be building: better a server that is watched than one that is not.
            Err(error) if error.may_have_run() => Ok(server),
            Err(error) => {
                self.withdraw(server.id).await;
                Err(Error::role("conductor", "take a build")(error))
            }
        }
    }

    /// Plans where such a server would go, and changes nothing. For administrators: the plan
    /// names hosts.
    ///
    /// # Errors
    /// [`Error::Forbidden`]; those of [`server_create`](Self::server_create).
    pub async fn server_plan(
        &self,
        context: &RequestContext,
        request: CreateServer,
    ) -> Result<Plan> {
        administrators_only(context)?;
        let checked = self.check(context, request).await?;
        let mut request = PlacementRequest::for_flavor(&checked.flavor);
        if let Some(zone) = checked.zone {
            request = request.with_zone(zone);
        }
        self.scheduler
            .call(
                context,
                SelectDestinations {
                    request,
                    to_be_claimed: false,
                },
            )
            .await
            .map_err(Error::role("scheduler", "plan"))
    }

    async fn check(&self, context: &RequestContext, request: CreateServer) -> Result<Checked> {
        let name = ServerName::new(request.name)?;
        let flavor_id = FlavorId::new(request.flavor)?;
        let zone = request.availability_zone.map(ZoneName::new).transpose()?;
        let flavor = self.usable_flavor(context, &flavor_id).await?;
        let image = self.images.show(request.image).await?;
        if image.status != ImageStatus::Active {
            let reason = format!("it is {}, not active", image.status);
            return Err(CoreError::invalid("image", reason).into());
        }
        let too_small = |what: &str, has: String, needs: String| {
            let reason = format!("it has {has} of {what}, and the image needs {needs}");
            Error::Core(CoreError::invalid("flavor", reason))
        };
        if image.min_disk > flavor.root_disk() {
            let (has, needs) = (flavor.root_disk().to_string(), image.min_disk.to_string());
            return Err(too_small("disk", has, needs));
        }
        if image.min_memory > flavor.memory() {
            let (has, needs) = (flavor.memory().to_string(), image.min_memory.to_string());
            return Err(too_small("memory", has, needs));
        }
        if image.size > flavor.root_disk().to_bytes()? {
            let (has, needs) = (flavor.root_disk().to_string(), image.size.to_string());
            return Err(too_small("disk", has, needs));
        }
        Ok(Checked {
            name,
            flavor,
            image,
            zone,
        })
    }

    /// Takes back the record of a server that nobody will build, unless somebody has begun to.
    async fn withdraw(&self, id: ServerId) {
        let withdrawn = update_server(&self.store, &self.env, id, |server| {
            if server.task_state != Some(TaskState::Scheduling) {
                return Ok::<_, CoreError>(Change::Leave);
            }
            server.vm_state = VmState::Deleted;
            server.task_state = None;
            server.deleted_at = Some(self.env.now());
            Ok(Change::Write)
        });
        let purged = match withdrawn.await {
            Ok(Some(server)) => self
                .store
                .servers()
                .server_purge(id, server.generation)
                .await
                .map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = purged {
            tracing::error!(server = %id, %error, "a server that nobody builds stays recorded");
        }
    }
}
