//! The programs that make clusters, and kubectl, which only people need.

use std::path::PathBuf;

use semver::Version;

use super::finding::{Finding, Measured, Mend};
use crate::{
    provider::{Maker, ProviderError},
    tool::ToolError,
};

/// Each tool that makes clusters. One is enough: the others are missed by their own labs alone.
pub(super) fn judge(makers: Vec<Maker>) -> Vec<Finding> {
    let works = |maker: &Maker| {
        let version = maker.version.as_ref();
        version.is_ok_and(|version| !is_too_old(version, maker.oldest.as_ref()))
    };
    let enough = makers.iter().any(works);
    makers.into_iter().map(|maker| tool(maker, enough)).collect()
}

fn tool(maker: Maker, enough: bool) -> Finding {
    let Maker { name, path, version, known, oldest, missing, install } = maker;
    let needed = match &oldest {
        Some(oldest) => format!("{oldest} or newer"),
        None => format!("a known release: {}", list(&known)),
    };
    let version = match version {
        Ok(version) => version,
        Err(error) => {
            let mend = Mend::new(error.to_string()).by(install);
            let measured = Measured::new(name, outline(&error), needed);
            return if enough { measured.warn(mend) } else { measured.fail(mend) };
        }
    };
    let at = path.map_or_else(String::new, |path| format!(" at {}", path.display()));
    let is_known = known.is_empty() || known.iter().any(|release| release.to_string() == version);
    let measured = Measured::new(name, format!("{version}{at}"), needed);
    if let Some(oldest) = oldest.filter(|oldest| is_too_old(&version, Some(oldest))) {
        let why = format!("it does not understand what it is given; {oldest} does");
        let mend = Mend::new(why).by(install);
        return if enough { measured.warn(mend) } else { measured.fail(mend) };
    }
    if !missing.is_empty() {
        let why = format!(
            "{name} fetches {} when a cluster first needs them: without a registry such clusters \
             cannot be made",
            missing.join(" and ")
        );
        let mend = missing
            .iter()
            .fold(Mend::new(why), |mend, image| mend.by(format!("docker pull {image}")));
        return measured.warn(mend);
    }
    if is_known {
        return measured.pass();
    }
    let why = format!(
        "the node images of {name} {version} are not in the catalogue: a minor version means only \
         what is among the images on this host"
    );
    measured.warn(Mend::new(why).by(install))
}

/// A version that nobody can read is believed to be new.
fn is_too_old(version: &str, oldest: Option<&Version>) -> bool {
    oldest.is_some_and(|oldest| version.parse::<Version>().is_ok_and(|found| found < *oldest))
}

pub(super) fn kubectl(path: Option<PathBuf>) -> Finding {
    let measured = path.map_or_else(|| "not found".to_owned(), |path| path.display().to_string());
    Measured::new("kubectl", measured, "optional: seatrial does without").pass()
}

fn outline(error: &ProviderError) -> String {
    match error {
        ProviderError::Tool(ToolError::NotFound { .. }) => "not found".to_owned(),
        ProviderError::Tool(ToolError::TimedOut { after, .. }) => {
            format!("no answer in {} s", after.as_secs_f32())
        }
        _ => "does not tell its version".to_owned(),
    }
}

fn list(known: &[Version]) -> String {
    if known.is_empty() {
        return "any".to_owned();
    }
    known.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Verdict;

    fn maker(version: Result<&str, ToolError>) -> Maker {
        Maker {
            name: "kind",
            path: Some("/usr/local/bin/kind".into()),
            version: version.map(str::to_owned).map_err(ProviderError::from),
            known: vec![Version::new(0, 32, 0), Version::new(0, 33, 0)],
            oldest: None,
            missing: Vec::new(),
            install: "go install sigs.k8s.io/kind@v0.33.0".to_owned(),
        }
    }

    fn missing() -> ToolError {
        ToolError::NotFound { name: "kind".to_owned(), install: "https://kind.sigs.k8s.io" }
    }

    #[test]
    fn a_known_release_passes() {
        let finding = &judge(vec![maker(Ok("0.33.0"))])[0];
        assert_eq!(finding.result, Verdict::Pass);
        assert_eq!(finding.measured, "0.33.0 at /usr/local/bin/kind");
        assert_eq!(finding.needed, "a known release: 0.32.0, 0.33.0");
    }

    #[test]
    fn an_unknown_release_is_a_warning_with_the_newest_known_one() {
        let finding = &judge(vec![maker(Ok("0.99.0"))])[0];
        assert_eq!(finding.result, Verdict::Warn);
        let mend = finding.mend.as_ref().expect("there is a way");
        assert_eq!(mend.commands, ["go install sigs.k8s.io/kind@v0.33.0"]);
    }

    #[test]
    fn a_release_that_is_too_old_is_as_good_as_none() {
        let old = || Maker { oldest: Some(Version::new(0, 34, 0)), ..maker(Ok("0.33.0")) };
        let alone = &judge(vec![Maker { version: Err(missing().into()), ..old() }, old()])[1];
        assert_eq!((alone.result, &*alone.needed), (Verdict::Fail, "0.34.0 or newer"));
        assert_eq!(judge(vec![maker(Ok("0.33.0")), old()])[1].result, Verdict::Warn);
        assert_eq!(
            judge(vec![Maker { oldest: Some(Version::new(0, 33, 0)), ..old() }])[0].result,
            Verdict::Pass
        );
    }

    #[test]
    fn images_that_are_not_there_are_named_with_how_to_get_them() {
        let without = ["x/tools:1", "x/proxy:1"].map(str::to_owned).to_vec();
        let finding = &judge(vec![Maker { missing: without, ..maker(Ok("0.33.0")) }])[0];
        assert_eq!(finding.result, Verdict::Warn);
        let mend = finding.mend.as_ref().expect("there is a way");
        assert_eq!(mend.commands, ["docker pull x/tools:1", "docker pull x/proxy:1"]);
        assert!(mend.why.contains("fetches x/tools:1 and x/proxy:1 when"), "{}", mend.why);
    }

    #[test]
    fn one_tool_that_makes_clusters_is_enough() {
        let alone = judge(vec![maker(Err(missing()))]);
        assert_eq!(alone[0].result, Verdict::Fail);
        let beside = judge(vec![maker(Err(missing())), maker(Ok("0.33.0"))]);
        assert_eq!(beside[0].result, Verdict::Warn);
    }

    #[test]
    fn kubectl_is_never_missed() {
        assert_eq!(kubectl(None).result, Verdict::Pass);
        assert_eq!(kubectl(Some("/bin/kubectl".into())).measured, "/bin/kubectl");
    }
}
