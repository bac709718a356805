//! The README's commands, in their order, by a user with nothing but what it tells.

use super::{seatrial::User, world::World};
use crate::readme::document::{Session, files};

#[test]
#[ignore = "needs Docker and kind"]
fn the_commands_of_the_readme_do_what_it_shows() {
    let (world, user) = (World::now(), User::new());
    for (name, text) in files() {
        let path = user.work_dir().join(name);
        std::fs::create_dir_all(path.parent().expect("it is below")).expect("writable");
        std::fs::write(path, text).expect("writable");
    }
    let session = Session::of("console real");
    user.shell(&session.script());
    session.is_as_shown();
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged("the README");
    // The README's kubectl keeps a cache beside the user's kubeconfig; that is kubectl's own.
    std::fs::remove_dir_all(user.work_dir().join(".kube/cache")).expect("kubectl was run");
    user.kubeconfig_is_untouched();
}
