//! A run with all that its reports tell, from its directory alone.

use std::path::Path;

use super::{
    lab::LabStory,
    run_dir::{RunDir, RunDirError, RunRecord, events},
};
use crate::verdict::{judge::judge, judgement::Judgement};

#[derive(Clone, Debug)]
pub struct Account {
    pub run: RunRecord,
    pub judgement: Judgement,
    pub lab: LabStory,
}

impl Account {
    /// Of a run that was judged just now, in `dir`.
    #[must_use]
    pub fn of(run: RunRecord, dir: &Path) -> Self {
        let (judgement, lab) = (run.judgement.clone(), LabStory::of(&events(dir)));
        Self { run, judgement, lab }
    }

    /// Reads a run back and judges it again; one that was interrupted stays what it was.
    pub fn read(dir: &Path) -> Result<Self, RunDirError> {
        let mut account = Self::of(RunDir::read(dir)?, dir);
        if !account.run.interrupted {
            account.judgement = judge(&account.run.case, &account.run.history);
        }
        Ok(account)
    }
}

#[cfg(test)]
pub(crate) mod example {
    //! A run with a bit of everything.

    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::report::lab::{Came, Went};

    pub(crate) fn account() -> Account {
        Account {
            run: record(),
            judgement: record().judgement,
            lab: LabStory {
                came: vec![Came {
                    cluster: "eu".to_owned(),
                    after: Duration::from_millis(28_140),
                    failed: None,
                }],
                went: Some(Went::Removed { within: Duration::from_millis(3_260) }),
            },
        }
    }

    pub(crate) fn record() -> RunRecord {
        let check = |expectation, verdict, observed, expected| {
            json!({
                "expectation": expectation, "verdict": verdict, "observed": observed,
                "expected": expected, "evidence": {},
            })
        };
        let mut slow = check("freeze.shop.rto <= 30s", "fail", "[41.2s, 41.4s]", "<= 30s");
        slow["stream"] = json!("shop.new");
        slow["evidence"] = json!({"requests": [41, 42], "notes": ["no answer | at all"]});
        let record = json!({
            "format": 2, "seatrial": "0.1.0", "run": "abcd", "scenario": "calm",
            "description": "Nothing *much* happens.", "source": "calm.yaml", "interrupted": false,
            "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:01:35Z",
            "case": {"streams": [], "roles": {}, "steps": [], "steady": [],
                     "expect": ["freeze.shop.rto <= 30s", "shop.wrong == 0", "shop.lost == 0"]},
            "history": {"scheduled": {}, "faults": []},
            "lab": {
                "format": 1, "name": "calm-abcd", "created": "2026-01-01T00:00:00Z",
                "owner": {"pid": 1, "started": 1}, "source": "calm.yaml", "networks": [],
                "clusters": {"eu": {
                    "name": "calm-abcd-eu", "provider": "kind", "state": "ready",
                    "declared": {
                        "template": "kind-basic", "kubernetes": "1.36", "cni": "kindnet",
                        "labels": {}, "parameters": {}, "ports": [], "network": "lab",
                        "keep_bootstrap_token": false,
                    },
                    "image": {"image": "kindest/node:v1.36.3", "version": "v1.36.3", "chosen": ""},
                    "network": "seatrial-calm-abcd", "pods": "", "services": "", "api_port": 1,
                    "ports": [], "nodes": [],
                    "facts": {"uid": "1", "version": "v1.36.3", "cni": "kindnet"},
                }},
            },
            "judgement": {"verdict": "fail", "checks": [
                slow,
                check("shop.wrong == 0", "pass", "0 of 900 requests", "== 0"),
                check("shop.lost == 0", "inconclusive", "1 of 900 requests", "== 0"),
            ]},
        });
        serde_json::from_value(record).expect("a record")
    }
}
