//! How an address treats those who connect to it, and those who are connected.

/// What becomes of connections at an address. Each is what a client of a real node sees.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Manner {
    /// Whoever listens there gets them; where nobody listens they are refused.
    #[default]
    Serves,
    /// Nobody listens any more: new ones are refused, open ones go on. A server that drains, as
    /// `http.Server.Shutdown` of Go does it.
    Refuses,
    /// The process is stopped while its kernel goes on: connections are accepted up to the
    /// backlog, bytes are taken up to the buffers, nothing is answered; afterwards it all goes on
    /// where it stood. `docker pause` of a node (the freezer of its cgroup), seen on kind nodes.
    Frozen,
    /// The process is gone and its kernel says so: open connections are reset, new ones refused.
    /// `docker kill` of a node: its ports are not published any more, seen on kind nodes.
    Killed,
    /// docker's proxy listens on the published port, but in the container nobody does: it accepts
    /// and, when it cannot connect itself, closes with the client's bytes unread, which resets.
    /// `cmd/docker-proxy/tcp_proxy_linux.go` of Moby; tcp(7) for the reset.
    Unserved,
    /// No packet comes through, either way: connecting never ends, open connections go silent;
    /// what TCP sends again arrives once it is over. A partition by dropped packets.
    Lost,
}

impl Manner {
    /// Whether the server's end of a connection stands still.
    pub(super) const fn freezes(self) -> bool {
        matches!(self, Self::Frozen)
    }

    /// Whether nothing gets through.
    pub(super) const fn cuts(self) -> bool {
        matches!(self, Self::Lost)
    }

    /// Whether open connections end at once.
    pub(super) const fn resets(self) -> bool {
        matches!(self, Self::Killed | Self::Unserved)
    }
}
