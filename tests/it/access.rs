//! Who may know and do what.

use nova_sdk::prelude::*;

use crate::support::{Parts, flavor, mocks};

#[tokio::test(start_paused = true)]
async fn another_projects_server_is_not_found() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let id = world.boot("web-1").await.id;
    let api = world.api();
    let mallory = RequestContext::new(
        &world.env,
        "mallory".parse().unwrap(),
        "other".parse().unwrap(),
    );

    let gone = |result: Result<(), Error>| assert!(result.unwrap_err().is_not_found());
    gone(api.server_show(&mallory, id).await.map(drop));
    gone(api.server_faults(&mallory, id).await.map(drop));
    gone(api.server_console_output(&mallory, id, 10).await.map(drop));
    gone(api.server_start(&mallory, id).await.map(drop));
    gone(api.server_stop(&mallory, id).await.map(drop));
    gone(api.server_reboot_soft(&mallory, id).await.map(drop));
    gone(api.server_reboot_hard(&mallory, id).await.map(drop));
    gone(api.server_pause(&mallory, id).await.map(drop));
    gone(api.server_unpause(&mallory, id).await.map(drop));
    gone(api.server_delete(&mallory, id).await.map(drop));
    let page = PageRequest::largest();
    for filter in [
        ServerFilter::default(),
        ServerFilter::default().project("research".parse().unwrap()),
    ] {
        assert_eq!(
            api.server_list(&mallory, &filter, &page)
                .await
                .unwrap()
                .items,
            []
        );
    }
    assert_eq!(world.settled(id).await.vm_state, VmState::Active);
}

#[tokio::test(start_paused = true)]
async fn what_is_for_administrators_is_refused_to_others() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let id = world.boot("web-1").await.id;
    let (api, user) = (world.api(), &world.user);
    let host: HostName = "host-1".parse().unwrap();
    let forbidden = |result: Result<(), Error>| {
        assert!(matches!(result.unwrap_err(), Error::Forbidden));
    };
    forbidden(api.flavor_create(user, &flavor("mine", 1, 1, 1)).await);
    forbidden(
        api.flavor_delete(user, &"tiny".parse().unwrap())
            .await
            .map(drop),
    );
    forbidden(api.host_list(user).await.map(drop));
    forbidden(api.host_disable(user, &host, "why").await.map(drop));
    forbidden(api.host_enable(user, &host).await.map(drop));
    forbidden(api.host_force_down(user, &host, true).await.map(drop));
    forbidden(api.host_delete(user, &host).await.map(drop));
    forbidden(api.server_purge(user, id).await.map(drop));
    let request = CreateServer::new("web-2", "tiny", world.image);
    forbidden(api.server_plan(user, request).await.map(drop));
    let deleted = ServerFilter::default().deleted(Deleted::Include);
    forbidden(
        api.server_list(user, &deleted, &PageRequest::largest())
            .await
            .map(drop),
    );
}

#[tokio::test(start_paused = true)]
async fn an_administrator_sees_every_project() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let id = world.boot("web-1").await.id;
    let operator =
        RequestContext::new(&world.env, "op".parse().unwrap(), "ops".parse().unwrap()).admin();
    assert_eq!(world.api().server_show(&operator, id).await.unwrap().id, id);
    let page = PageRequest::largest();
    let all = world
        .api()
        .server_list(&operator, &ServerFilter::default(), &page)
        .await
        .unwrap();
    assert_eq!(all.items.len(), 1);
    assert_eq!(
        world.api().host_list(&operator).await.unwrap()[0].servers,
        1
    );
}

#[tokio::test(start_paused = true)]
async fn where_a_server_is_is_for_administrators() {
    let world = Parts::simulated(&mocks(1)).start().await;
    let id = world.boot("web-1").await.id;
    let (api, page) = (world.api(), PageRequest::largest());
    let all = ServerFilter::default();
    assert_eq!(api.server_show(&world.user, id).await.unwrap().host, None);
    assert_eq!(
        api.server_list(&world.user, &all, &page)
            .await
            .unwrap()
            .items[0]
            .host,
        None
    );
    assert_eq!(api.server_stop(&world.user, id).await.unwrap().host, None);
    assert!(
        api.server_show(&world.admin, id)
            .await
            .unwrap()
            .host
            .is_some()
    );
    let on_host = all.host("host-1".parse().unwrap());
    let refused = api.server_list(&world.user, &on_host, &page).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    assert_eq!(
        api.server_list(&world.admin, &on_host, &page)
            .await
            .unwrap()
            .items
            .len(),
        1
    );
}

#[tokio::test(start_paused = true)]
async fn a_host_that_is_declared_down_gets_no_new_servers() {
    let world = Parts::simulated(&mocks(2)).start().await;
    let host: HostName = "host-1".parse().unwrap();
    world
        .api()
        .host_force_down(&world.admin, &host, true)
        .await
        .unwrap();
    assert_eq!(
        world.boot("web-1").await.host,
        Some("host-2".parse().unwrap())
    );
    world
        .api()
        .host_force_down(&world.admin, &host, false)
        .await
        .unwrap();
    assert_eq!(world.boot("web-2").await.host, Some(host));
}

#[tokio::test(start_paused = true)]
async fn a_private_flavor_is_for_the_projects_on_its_list() {
    use nova_core::units::{Gibibytes, Mebibytes};

    let world = Parts::simulated(&mocks(1)).start().await;
    let (api, user) = (world.api(), &world.user);
    let (memory, disk) = (Mebibytes::new(64), Gibibytes::new(1));
    let private = Flavor::builder("private".parse().unwrap(), 1, memory, disk).private();
    let private = private.build().unwrap();
    api.flavor_create(&world.admin, &private).await.unwrap();
    let request = || CreateServer::new("web-1", "private", world.image);
    let listed = async |context| {
        let page = api.flavor_list(context, &PageRequest::largest()).await;
        page.unwrap().items.contains(&private)
    };
    let refused = api.server_create(user, request()).await;
    assert!(refused.unwrap_err().is_not_found());
    assert!(!listed(user).await && listed(&world.admin).await);

    let flavors = world.store.flavors();
    flavors
        .flavor_access_add(private.id(), &user.project_id)
        .await
        .unwrap();
    assert!(listed(user).await);
    api.server_create(user, request()).await.unwrap();
}
