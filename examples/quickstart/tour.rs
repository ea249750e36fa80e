//! What is done with the cloud.

use std::time::Duration;

use futures::future::try_join_all;
use nova_sdk::prelude::*;

use crate::display::{self, say};
use crate::options::Options;
use crate::session::Session;

/// How long any step may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes the tour.
pub async fn take(session: &mut Session, options: &Options) -> anyhow::Result<()> {
    let (kind, choice) = session.choose(options.hypervisor).await?;
    say(format!("hypervisor: {choice}"))?;
    let (api, image) = session.start(options, kind).await?;
    say(format!(
        "control plane: API, conductor, scheduler and {} compute hosts\n",
        options.hosts
    ))?;

    let tiny = session
        .flavor(&api, "tiny", 1, Mebibytes::new(64), Gibibytes::new(1))
        .await?;
    let context = session.context.clone();
    let servers = create(&api, &context, &tiny, image, options.servers).await?;
    say(format!("{}\n", display::table(&servers)))?;

    let Some(first) = servers.first() else {
        return Ok(());
    };
    say(format!("serial console of {}:", first.name))?;
    say(format!(
        "{}\n",
        read_console(&api, &context, first.id).await?
    ))?;

    let huge = session
        .flavor(&api, "huge", 64, Mebibytes::new(4 << 20), Gibibytes::new(1))
        .await?;
    fits_nowhere(&api, &context, &huge, image).await?;

    step(
        "stop",
        &api,
        &context,
        first.id,
        api.server_stop(&context, first.id),
    )
    .await?;
    step(
        "start",
        &api,
        &context,
        first.id,
        api.server_start(&context, first.id),
    )
    .await?;
    step(
        "soft reboot",
        &api,
        &context,
        first.id,
        api.server_reboot_soft(&context, first.id),
    )
    .await?;
    step(
        "hard reboot",
        &api,
        &context,
        first.id,
        api.server_reboot_hard(&context, first.id),
    )
    .await?;
    delete(&api, &context).await
}

/// Creates the servers all at once, and waits until each is active.
async fn create(
    api: &Api,
    context: &RequestContext,
    flavor: &str,
    image: ImageId,
    count: u32,
) -> anyhow::Result<Vec<Server>> {
    let progress = display::Progress::new(count);
    let servers = try_join_all((1..=count).map(|index| {
        let line = progress.line(format!("web-{index}"));
        async move {
            let request = CreateServer::new(format!("web-{index}"), flavor, image);
            let server = api.server_create(context, request).await?;
            let server = api
                .wait_until(context, server.id, PATIENCE, |server| {
                    line.show(server);
                    server.task_state.is_none()
                })
                .await?;
            line.finish(&server)?;
            if server.vm_state != VmState::Active {
                let faults = api.server_faults(context, server.id).await?;
                anyhow::bail!("{} is {}: {faults:#?}", server.name, server.vm_state);
            }
            Ok::<_, anyhow::Error>(server)
        }
    }))
    .await?;
    progress.finish();
    Ok(servers)
}

/// Waits until the guest has said something, and returns it as text.
async fn read_console(api: &Api, context: &RequestContext, id: ServerId) -> anyhow::Result<String> {
    for _ in 0..600 {
        let bytes = api.server_console_output(context, id, 4096).await?;
        if bytes.ends_with(b"\n") {
            return Ok(display::console(&bytes));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the guest said nothing for 30 s")
}

/// Asks for a server that no host has room for, and shows why there is none.
async fn fits_nowhere(
    api: &Api,
    context: &RequestContext,
    flavor: &str,
    image: ImageId,
) -> anyhow::Result<()> {
    say("asking for a server of 64 vCPU and 4 TiB of memory:")?;
    let server = api
        .server_create(context, CreateServer::new("huge", flavor, image))
        .await?;
    let server = api.wait_until_settled(context, server.id, PATIENCE).await?;
    for fault in api.server_faults(context, server.id).await? {
        say(format!(
            "{} is in {}: {}",
            server.name, server.vm_state, fault.message
        ))?;
        say(format!(
            "{}\n",
            fault.details.unwrap_or_default().trim_end()
        ))?;
    }
    Ok(())
}

/// Has an operation done and says how long it took.
async fn step(
    name: &str,
    api: &Api,
    context: &RequestContext,
    id: ServerId,
    operation: impl Future<Output = Result<Server, Error>>,
) -> anyhow::Result<()> {
    let began = tokio::time::Instant::now();
    operation.await?;
    let server = api.wait_until_settled(context, id, PATIENCE).await?;
    say(display::step(name, &server, began.elapsed()))?;
    let faults = api.server_faults(context, id).await?;
    anyhow::ensure!(faults.is_empty(), "{name} failed: {faults:#?}");
    Ok(())
}

/// Deletes every server of the tour.
async fn delete(api: &Api, context: &RequestContext) -> anyhow::Result<()> {
    let began = tokio::time::Instant::now();
    let ours = ServerFilter::default().project(context.project_id.clone());
    let servers = api
        .server_list(context, &ours, &PageRequest::largest())
        .await?
        .items;
    try_join_all(servers.iter().map(|server| async {
        api.server_delete(context, server.id).await?;
        api.wait_until_gone(context, server.id, PATIENCE).await
    }))
    .await?;
    say(format!(
        "deleted {} servers in {:.1} s",
        servers.len(),
        began.elapsed().as_secs_f64()
    ))?;
    Ok(())
}
