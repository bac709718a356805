//! A Kubernetes API server in memory, as far as seatrial itself, kube and kubectl ask for one.
//!
//! Must not know controllers, nodes or pods that run: those read and write the store as any
//! client does, and hear of changes as its subscribers.

mod admission;
mod in_pods;
mod kinds;
mod patch;
mod refusal;
mod serve;
mod store;

pub use in_pods::{Exec, InPods, NotRun, Ran};
pub use kinds::{Kind, Kinds, Subresource};
pub use patch::Patch;
pub use refusal::{Cause, Refusal};
pub use serve::{Answer, ApiServer, Caller, Settings};
pub use store::{
    Change, Deleted, Deletion, Fields, Key, Labels, Listing, Now, Object, ObjectName, Page, Part,
    Propagation, Snapshot, Store, Subscriber, Write,
};
