//! Everything that can be wrong with a user's file: data first, then the words for it. A flat
//! list; where a problem stands in its file is [`super::problems::Located`]'s.

use miette::Diagnostic;

use super::{
    expectation::{ExpectationErrorKind, Metric, Window},
    lab::VersionError,
    name::NameError,
    nearest::{Nearest, quoted},
    possible::Because,
    skew::SkewError,
    template::ParameterError,
    units::{Span, UnitError},
};

/// The version of the files that this program reads.
pub const API_VERSION: &str = "seatrial/v1";

#[derive(Clone, Debug, Diagnostic, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("anchor `{name}` holds an alias of itself")]
    #[diagnostic(code(yaml::alias_in_itself), help("write the value out where `*{name}` stands"))]
    AliasInItself { name: String },

    #[error("fault `{step}` is already healed")]
    #[diagnostic(code(scenario::already_healed), help("heal each fault once"))]
    AlreadyHealed { step: String },

    #[error("pods cannot be connected to those of cluster `{cluster}`, whose network is its own")]
    #[diagnostic(
        code(lab::apart_and_connected),
        help("leave out `connect`, or the cluster's `network: own`")
    )]
    ApartAndConnected { cluster: String },

    #[error("`{text}` is not a path of an address")]
    #[diagnostic(
        code(scenario::bad_address_path),
        help("write what follows the port, such as `/` or `/orders?limit=1`")
    )]
    BadAddressPath { text: String },

    #[error("`{text}` is neither a digest nor an image")]
    #[diagnostic(
        code(versions::bad_digest),
        help(
            "write `sha256:` and 64 hexadecimal digits, or a whole image such as `registry.example/node:v1.36.4`"
        )
    )]
    BadDigest { text: String },

    #[error("{0}")]
    #[diagnostic(code(scenario::expectation), help("{}", expectation_help(_0)))]
    BadExpectation(ExpectationErrorKind),

    #[error("`{name}` cannot be a header of a request")]
    #[diagnostic(code(scenario::bad_header), help("{help}"))]
    BadHeader { name: String, help: &'static str },

    #[error("`{text}` is not a label")]
    #[diagnostic(
        code(lab::bad_label),
        help(
            "a label has at most 63 letters, digits, `-`, `_` and `.`, and starts and ends with a letter or digit; its key may have a prefix such as `example.com/`"
        )
    )]
    BadLabel { text: String },

    #[error("`{path}` is no manifest: {why}")]
    #[diagnostic(
        code(scenario::bad_manifest),
        help("it must be what `kubectl apply --filename` takes")
    )]
    BadManifest { path: String, why: String },

    #[error("{0}")]
    #[diagnostic(code(file::bad_name), help("{}", _0.help()))]
    BadName(NameError),

    #[error("{}{error}", of_template(template.as_deref()))]
    #[diagnostic(code(template::bad_parameter), help("{}", error.help()))]
    BadParameter { template: Option<String>, error: ParameterError },

    #[error("`{name}` cannot be the name of a parameter")]
    #[diagnostic(
        code(template::bad_parameter_name),
        help(
            "a parameter has lower-case letters, digits and `_`, and starts with a letter; `net`, `cni`, `image` and the template language's own words are taken"
        )
    )]
    BadParameterName { name: String },

    #[error("`{path}` is not a path")]
    #[diagnostic(
        code(variant::bad_path),
        help(
            "write keys with dots between them, such as `steps.freeze.fault.kind`; one that holds a dot itself stands in double quotes"
        )
    )]
    BadPath { path: String },

    #[error("{0}")]
    #[diagnostic(code(file::bad_unit), help("{}", _0.help()))]
    BadUnit(UnitError),

    #[error("{0}")]
    #[diagnostic(code(lab::bad_version), help("{}", _0.help()))]
    BadVersion(VersionError),

    #[error("`base` is the scenario without any differences")]
    #[diagnostic(code(variant::base), help("give the variant another name"))]
    BaseVariant,

    #[error("`{key}` bounds a parameter that is not an integer")]
    #[diagnostic(code(template::bounds), help("remove `{key}`, or write `type: integer`"))]
    BoundsOfOtherType { key: &'static str },

    #[error("`{expectation}` cannot fail: {because}")]
    #[diagnostic(code(scenario::cannot_fail), help("{help}"))]
    CannotFail { expectation: String, because: Because, help: String },

    #[error("`{expectation}` cannot pass: {because}")]
    #[diagnostic(code(scenario::cannot_pass), help("{help}"))]
    CannotPass { expectation: String, because: Because, help: String },

    #[error("`{path}` is a directory")]
    #[diagnostic(code(file::directory), help("give the path of a file in it"))]
    Directory { path: String },

    #[error("{what} `{entry}` is listed twice")]
    #[diagnostic(code(file::duplicate_entry), help("remove one of them"))]
    DuplicateEntry { what: &'static str, entry: String },

    #[error("key `{key}` is written twice")]
    #[diagnostic(
        code(yaml::duplicate_key),
        help("keep one of them: which one counts differs from reader to reader")
    )]
    DuplicateKey { key: String },

    #[error("`{name}` already names a {taken_by}")]
    #[diagnostic(
        code(scenario::duplicate_name),
        help(
            "steps, traffic and streams have names of their own, so that `STEP.TRAFFIC.STREAM` is clear"
        )
    )]
    DuplicateName { name: String, taken_by: &'static str },

    #[error("`{path}` is empty")]
    #[diagnostic(
        code(file::empty),
        help(
            "a lab or scenario starts with `apiVersion: {API_VERSION}` and `kind:`, a template with its front matter"
        )
    )]
    EmptyFile { path: String },

    #[error("`{what}` is empty")]
    #[diagnostic(code(file::empty_list), help("{why}"))]
    EmptyList { what: &'static str, why: &'static str },

    #[error("the shipped workload tells its cluster by itself")]
    #[diagnostic(
        code(scenario::echo_tells),
        help("remove `answeredBy`, or bring a `workload` of your own")
    )]
    EchoTells,

    #[error("`failback` needs to know who answers `{traffic}` in the steady state")]
    #[diagnostic(
        code(scenario::failback),
        help("add `steady: ROLE` to the `allowed` of `{traffic}`")
    )]
    FailbackWithoutSteady { traffic: String },

    #[error("{sum} is longer than the fault's `for: {lasts}`")]
    #[diagnostic(
        code(scenario::fault_too_short),
        help(
            "the fault would be healed while the step still waits; write `for: {needed}` or more"
        )
    )]
    FaultTooShort { sum: String, needed: Span, lasts: Span },

    #[error("`{key}` is the same in every variant")]
    #[diagnostic(
        code(variant::fixed_key),
        help("remove this: a variant changes what a scenario does, not which one it is")
    )]
    FixedKey { key: String },

    #[error("step `{step}` comes later, so there is nothing to heal yet")]
    #[diagnostic(code(scenario::heal_before_fault), help("move this step behind `{step}`"))]
    HealBeforeFault { step: String },

    #[error("nothing goes through the front door")]
    #[diagnostic(
        code(scenario::idle_front_door),
        help("remove `frontDoor`, or write `through: frontDoor` at a traffic")
    )]
    IdleFrontDoor,

    #[error("`{path}` leads out of the template's directory")]
    #[diagnostic(
        code(template::include_outside),
        help("a template includes files of its own directory only: put the file there")
    )]
    IncludeOutside { path: String },

    #[error("`{path}` leads out of the directory that it lies in")]
    #[diagnostic(
        code(template::directory_outside),
        help(
            "a directory that is found beside a lab has its templates in it; name another one by `--templates`"
        )
    )]
    TemplatesOutside { path: String },

    #[error("the nodes see `{path}` of the host, and the template does not say so")]
    #[diagnostic(
        code(template::host_mount),
        help("write `hostMounts: true` into the template's front matter, or remove the mount")
    )]
    HostMount { path: String },

    #[error("`{path}` leads out of the scenario's directory")]
    #[diagnostic(
        code(scenario::lab_outside),
        help("put the lab's file below the scenario's directory and write its path from there")
    )]
    LabOutside { path: String },

    #[error("`{path}` leads out of the directory of the file that names it")]
    #[diagnostic(
        code(scenario::manifest_outside),
        help("put the manifest below that directory and write its path from there")
    )]
    ManifestOutside { path: String },

    #[error("`{key}` merges another map, and merge keys are not read")]
    #[diagnostic(
        code(yaml::merge_key),
        help(
            "YAML 1.2 dropped them, and a reader cannot tell which value wins; write the keys out, or use the lab's `defaults`"
        )
    )]
    MergeKey { key: String },

    #[error("`{path}` does not exist")]
    #[diagnostic(code(file::missing), help("{}", missing_help(nearest)))]
    Missing { path: String, nearest: Nearest },

    #[error("`{traffic}` goes through the front door, and there is none")]
    #[diagnostic(
        code(scenario::missing_front_door),
        help("add `frontDoor: {{kind: builtin, policy: active-passive, order: [ROLE, …]}}`")
    )]
    MissingFrontDoor { traffic: String },

    #[error("the file has no front matter")]
    #[diagnostic(
        code(template::front_matter),
        help(
            "a template starts with a line `---`, its keys such as `provider: kind`, and another line `---`; the cluster's configuration follows"
        )
    )]
    MissingFrontMatter,

    #[error("key `{key}` is missing in {of}")]
    #[diagnostic(code(file::missing_key), help("{hint}"))]
    MissingKey { key: &'static str, of: &'static str, hint: &'static str },

    #[error("the file holds several YAML documents")]
    #[diagnostic(
        code(yaml::documents),
        help("write each into a file of its own, and remove the `---`")
    )]
    MultipleDocuments,

    #[error("the file holds no values")]
    #[diagnostic(
        code(file::no_values),
        help(
            "a lab or scenario starts with `apiVersion: {API_VERSION}` and `kind:`, a template's front matter with `provider:`"
        )
    )]
    NoValues,

    #[error("no node is a control plane")]
    #[diagnostic(code(template::no_control_plane), help("write a node with `role: control-plane`"))]
    NoControlPlane,

    #[error("a node names no image, so its Kubernetes version would be anybody's guess")]
    #[diagnostic(
        code(template::no_image),
        help("write `image: {{{{ image | json }}}}` at every node")
    )]
    NoImage,

    #[error("no service of the manifests has node port {port}")]
    #[diagnostic(code(scenario::no_service), help("{}", ports_help(known)))]
    NoService { port: u16, known: Vec<u16> },

    #[error("{of} has neither {}", quoted(keys, " nor "))]
    #[diagnostic(code(file::none_of), help("give it exactly one of them"))]
    NoneOf { of: &'static str, keys: &'static [&'static str] },

    #[error("`{step}` is not a fault")]
    #[diagnostic(code(scenario::not_a_fault), help("{}", faults_help(faults)))]
    NotAFault { step: String, faults: Vec<String> },

    #[error("`{path}` is not a YAML file")]
    #[diagnostic(
        code(scenario::lab_extension),
        help("write a path that ends in `.yaml` or `.yml`, or the name of a shipped lab")
    )]
    NotALabPath { path: String },

    #[error("`{text}` is not `PATH=VALUE`")]
    #[diagnostic(
        code(variant::not_a_setting),
        help(
            "write a path, `=` and a value, such as `--set steps.freeze.fault.kind=cluster-kill`"
        )
    )]
    NotASetting { text: String },

    #[error("`{text}` is not a full version")]
    #[diagnostic(
        code(versions::not_a_version),
        help("write all three parts with nothing before them, such as `1.36.4`")
    )]
    NotAVersion { text: String },

    #[error("`{text}` is not an integer")]
    #[diagnostic(
        code(file::not_an_integer),
        help("write a whole number in decimal digits, without quotes")
    )]
    NotAnInteger { text: String },

    #[error("`{text}` is not a SHA-256 digest")]
    #[diagnostic(
        code(lab::not_a_sha256),
        help("write the 64 hexadecimal digits that `sha256sum` prints")
    )]
    NotASha256 { text: String },

    #[error("`{path}` is another file than the one that was meant")]
    #[diagnostic(
        code(lab::other_digest),
        help("its digest is {sha256}; look at what changed before you write that here")
    )]
    OtherDigest { path: String, sha256: String },

    #[error("`{path}` is not an absolute path")]
    #[diagnostic(code(template::not_absolute), help("write a path that starts with `/`"))]
    NotAbsolute { path: String },

    #[error("`{text}` is not a boolean")]
    #[diagnostic(code(file::not_a_boolean), help("write `true` or `false`, without quotes"))]
    NotBoolean { text: String },

    #[error("`{text}` would be open to other machines")]
    #[diagnostic(
        code(template::port_not_loopback),
        help("write `127.0.0.1:HOST:NODE`, such as `127.0.0.1:20001:30080`")
    )]
    PortNotLoopback { text: String },

    #[error("`{key}` is not for templates: {why}")]
    #[diagnostic(code(template::not_for_templates), help("remove it"))]
    NotForTemplates { key: &'static str, why: &'static str },

    #[error("{what} would be open to other machines: it listens on {address}")]
    #[diagnostic(code(template::not_loopback), help("write `{key}: 127.0.0.1`"))]
    NotLoopback { what: &'static str, key: &'static str, address: String },

    #[error("`{text}` is read as {reading}")]
    #[diagnostic(code(yaml::not_text), help("a text is wanted: write \"{text}\" with quotes"))]
    NotText { text: String, reading: String },

    #[error("byte 0x{byte:02x} at offset {offset} is not UTF-8")]
    #[diagnostic(code(file::not_utf8), help("save the file as UTF-8"))]
    NotUtf8 { byte: u8, offset: usize },

    #[error("nothing is seen after `{step}`: traffic ends as soon as its fault is healed")]
    #[diagnostic(
        code(scenario::nothing_after),
        help("add a step such as `{{id: heal-{step}, heal: {step}, hold: 30s}}`")
    )]
    NothingAfter { step: String },

    #[error("{what} is {value}")]
    #[diagnostic(code(file::out_of_range), help("write {range}"))]
    OutOfRange { what: String, value: String, range: String },

    #[error("`{role}` never answers this traffic")]
    #[diagnostic(code(scenario::out_of_reach), help("behind it: {}", quoted(reach, ", ")))]
    OutOfReach { role: String, reach: Vec<String> },

    #[error("cluster `{cluster}` plays the roles `{first}` and `{second}`")]
    #[diagnostic(
        code(scenario::overlapping_roles),
        help("roles are disjoint: choose labels that no other role's cluster has")
    )]
    OverlappingRoles { cluster: String, first: String, second: String },

    #[error("{of} is a list whose entries have no names, so no path leads to `{part}`")]
    #[diagnostic(code(variant::path_into_list), help("write the whole list at {of}"))]
    PathIntoList { of: String, part: String },

    #[error("{of} is {found}, so no path leads to `{part}`")]
    #[diagnostic(code(variant::path_into_value), help("end the path at {of}"))]
    PathIntoValue { of: String, found: &'static str, part: String },

    #[error("{of} has no `{part}`")]
    #[diagnostic(code(variant::path_leads_nowhere), help("{nearest}"))]
    PathLeadsNowhere { of: String, part: String, nearest: Nearest },

    #[error("this path leads to no other cluster")]
    #[diagnostic(
        code(scenario::path_within_cluster),
        help("isolation is between clusters: name two roles, or `all` in a lab of several")
    )]
    PathWithinCluster,

    #[error("`recovered` waits for the end of a fault's effect, and this step is no fault")]
    #[diagnostic(
        code(scenario::recovered_without_fault),
        help("after a heal, wait for `healthy: ROLE`")
    )]
    RecoveredWithoutFault,

    #[error("role `{role}` fits {} clusters: {}", clusters.len(), quoted(clusters, ", "))]
    #[diagnostic(
        code(scenario::role_fits_many),
        help(
            "a role is exactly one cluster: add a label that only one has, or write `many: true`"
        )
    )]
    RoleFitsMany { role: String, clusters: Vec<String> },

    #[error("role `{role}` is `many` clusters, and {what} is one")]
    #[diagnostic(
        code(scenario::role_is_many),
        help(
            "name a role of one cluster; `many` may stand in `order`, `allowed` and `answered_by`"
        )
    )]
    RoleIsMany { role: String, what: &'static str },

    #[error("role `{role}` fits no cluster")]
    #[diagnostic(code(scenario::role_fits_none), help("the lab's labels: {}", labels.join("; ")))]
    RoleFitsNone { role: String, labels: Vec<String> },

    #[error("`{metric} {op} {bound}` can never be what fails: recovery must begin within {within}")]
    #[diagnostic(
        code(scenario::rto_beyond_within),
        help(
            "the step gives up after `within: {within}`; write a bound of at most {within}, or a longer `within`"
        )
    )]
    RtoBeyondWithin { metric: String, op: String, bound: Span, within: Span },

    #[error("the front door leads to `{first}`, and this traffic through it asks `{second}`")]
    #[diagnostic(
        code(scenario::several_endpoints),
        help("a front door leads to one endpoint; send the other traffic `through` a role")
    )]
    SeveralEndpoints { first: String, second: String },

    #[error(
        "`{other}` may be in the world when `{step}` is healed: what is seen then is due to both"
    )]
    #[diagnostic(
        code(scenario::overlapping_faults),
        help("heal `{other}` before `{step}`, or leave this expectation out")
    )]
    OverlappingFaults { step: String, other: String },

    #[error("{of} has {} at once", quoted(keys, " and "))]
    #[diagnostic(code(file::several_of), help("keep exactly one of them"))]
    SeveralOf { of: &'static str, keys: Vec<&'static str> },

    #[error("`steady` expects nothing, and a sham run is judged by nothing else")]
    #[diagnostic(
        code(scenario::sham),
        help("add `steady: {{for: 20s, expect: [shop.lost == 0]}}` or the like, or remove `sham`")
    )]
    ShamWithoutSteady,

    #[error("{what} is {found}, not {wanted}")]
    #[diagnostic(code(file::shape), help("{}", shape_help(wanted)))]
    Shape { what: String, wanted: &'static str, found: &'static str },

    #[error("parameter `{parameter}`: {error}")]
    #[diagnostic(code(lab::skew), help("{}", error.help()))]
    Skew { parameter: String, error: SkewError },

    #[error("`slow: {slow}` is not below `timeout: {timeout}`")]
    #[diagnostic(
        code(scenario::slow),
        help(
            "no answer comes after the timeout, so none would be slow; write less than {timeout}"
        )
    )]
    SlowBeyondTimeout { slow: Span, timeout: Span },

    #[error("`steady` is judged before the first step, so it cannot speak of `{about}`")]
    #[diagnostic(code(scenario::step_in_steady), help("move this to the scenario's `expect`"))]
    StepInSteady { about: String },

    #[error("step `{step}` waits for nothing")]
    #[diagnostic(
        code(scenario::no_wait),
        help("add `until` (a condition), `hold` (a time), or both")
    )]
    StepWithoutWait { step: String },

    #[error("{}", reason.trim_end_matches('.'))]
    #[diagnostic(code(yaml::syntax), help("{help}"))]
    Syntax { reason: String, help: &'static str },

    #[error("a tab stands where only spaces may")]
    #[diagnostic(code(yaml::tab), help("indent by spaces: YAML refuses tabs there"))]
    Tab,

    #[error("`{tag}` is a tag, and tags are not read")]
    #[diagnostic(code(yaml::tag), help("remove it; write a text with quotes, a number without"))]
    Tag { tag: String },

    #[error("`{target}` is still under the fault of `{step}`")]
    #[diagnostic(
        code(scenario::target_taken),
        help("add a step `heal: {step}` before this one, or choose another target")
    )]
    TargetTaken { target: String, step: String },

    #[error("{message}")]
    #[diagnostic(code(template::tera))]
    Template { message: String },

    #[error("the nesting is deeper than {limit} levels")]
    #[diagnostic(code(yaml::too_deep), help("no file of this kind needs that"))]
    TooDeep { limit: usize },

    #[error("`{path}` is larger than 1 MiB")]
    #[diagnostic(
        code(file::too_large),
        help("no file of this kind needs that: is it the right one?")
    )]
    TooLarge { path: String },

    #[error("the file and its aliases hold more than {limit} values")]
    #[diagnostic(
        code(yaml::too_many_values),
        help("write fewer aliases: each counts as much as what it stands for")
    )]
    TooManyValues { limit: usize },

    #[error("{needed} requests may be in flight at once, more than {limit}")]
    #[diagnostic(
        code(scenario::too_much_in_flight),
        help("a stream keeps up to 2 x `rate` x `timeout` requests open; lower one of the two")
    )]
    TooMuchInFlight { needed: u64, limit: u64 },

    #[error("{what} `{name}` is not defined")]
    #[diagnostic(code(scenario::undefined), help("{nearest}"))]
    Undefined { what: &'static str, name: String, nearest: Nearest },

    #[error("`{what}` asks which cluster answered `{traffic}`, and its answers do not tell")]
    #[diagnostic(
        code(scenario::unknown_answerer),
        help(
            "add `answeredBy: {{header: NAME}}` to `{traffic}`: a header of the answer with the name of its cluster, or of the node that the pod runs on"
        )
    )]
    UnknownAnswerer { what: String, traffic: String },

    #[error("alias `*{name}` has no anchor `&{name}` before it")]
    #[diagnostic(
        code(yaml::unknown_alias),
        help("write the value out; a text that starts with `*` needs quotes")
    )]
    UnknownAlias { name: String },

    #[error("unknown apiVersion `{found}`")]
    #[diagnostic(code(file::api_version), help("write `apiVersion: {API_VERSION}`"))]
    UnknownApiVersion { found: String },

    #[error("unknown key `{key}` in {of}")]
    #[diagnostic(code(file::unknown_key), help("{nearest}"))]
    UnknownKey { key: String, of: &'static str, nearest: Nearest },

    #[error("unknown kind `{found}`")]
    #[diagnostic(code(file::unknown_kind), help("write `kind: {wanted}`"))]
    UnknownKind { found: String, wanted: &'static str },

    #[error("there is no {what} `{name}`")]
    #[diagnostic(code(file::unknown_name), help("{nearest}"))]
    UnknownName { what: &'static str, name: String, nearest: Nearest },

    #[error("`{traffic}` has no stream `{stream}`")]
    #[diagnostic(
        code(scenario::unknown_stream),
        help("its `connections` are {}", quoted(streams, ", "))
    )]
    UnknownStream { traffic: String, stream: String, streams: Vec<String> },

    #[error("cluster `{cluster}` does not publish port {port}, which the workload takes")]
    #[diagnostic(
        code(scenario::unpublished_port),
        help("add {port} to the cluster's `ports`: it cannot be published later")
    )]
    UnpublishedPort { cluster: String, port: u16 },

    #[error("`{path}` cannot be read: {reason}")]
    #[diagnostic(code(file::unreadable))]
    Unreadable { path: String, reason: String },

    #[error("the window `{window}` never comes")]
    #[diagnostic(
        code(scenario::no_such_window),
        help("add `steady: {{for: 20s}}` to the scenario")
    )]
    WithoutSteady { window: Window },

    #[error("this is a {found}, not a {wanted}")]
    #[diagnostic(code(file::wrong_kind), help("{command}"))]
    WrongKind { found: String, wanted: String, command: &'static str },
}

impl Problem {
    /// What is written beside the caret, and beside the second place if there is one.
    pub(crate) const fn labels(&self) -> (&'static str, &'static str) {
        match self {
            Self::AlreadyHealed { .. } => ("healed again here", "healed here first"),
            Self::DuplicateEntry { .. } | Self::DuplicateKey { .. } => ("again here", "first here"),
            Self::DuplicateName { .. } => ("used again here", "used here first"),
            Self::FaultTooShort { .. } => ("too short for this step", "this waits longer"),
            Self::MissingKey { .. } | Self::NoneOf { .. } => ("in here", ""),
            Self::NotText { .. } => ("quote this", ""),
            Self::OverlappingRoles { .. } => ("this role", "and this one"),
            Self::SeveralOf { .. } => ("and this one", "this one"),
            Self::TargetTaken { .. } => ("a second fault", "the first one"),
            Self::UnknownKey { .. } => ("not known here", ""),
            _ => ("here", ""),
        }
    }
}

fn of_template(template: Option<&str>) -> String {
    template.map(|template| format!("template `{template}`: ")).unwrap_or_default()
}

fn faults_help(faults: &[String]) -> String {
    if faults.is_empty() {
        return "no step of this scenario is a fault".to_owned();
    }
    format!("faults: {}", quoted(faults, ", "))
}

fn missing_help(nearest: &Nearest) -> String {
    match nearest {
        Nearest::Nothing => "there is nothing like it; paths in a scenario, and in `--set`, start \
                             from the scenario's directory (with a shipped one `--set` starts \
                             where you are), those in a lab from the lab's"
            .to_owned(),
        near => near.to_string(),
    }
}

fn ports_help(known: &[u16]) -> String {
    if known.is_empty() {
        return "give a service of your manifests `type: NodePort` and the port as its `nodePort`"
            .to_owned();
    }
    let known: Vec<String> = known.iter().map(ToString::to_string).collect();
    format!("node ports of the manifests: {}", known.join(", "))
}

fn shape_help(wanted: &str) -> String {
    match wanted {
        "a map" => "write `key: value` lines, or `{key: value}`".to_owned(),
        "a list" => "write `- entry` lines, or `[entry, entry]`".to_owned(),
        _ => format!("write {wanted}"),
    }
}

fn expectation_help(kind: &ExpectationErrorKind) -> String {
    use ExpectationErrorKind as Kind;
    match kind {
        Kind::BadUnit(error) => error.help(),
        Kind::BadValue { unit, .. } => format!("write {unit}"),
        Kind::NeedsStep { metric } => format!("write `STEP.TRAFFIC.{metric}`"),
        Kind::NotOrdered { .. } => "compare with `==` or `!=`".to_owned(),
        Kind::Shape => "for example `during(freeze) shop.lost <= 20s`; operators: `==`, `!=`, `<`, `<=`, `>`, `>=`".to_owned(),
        Kind::TakesNoStep { metric } => {
            format!("write `TRAFFIC.{metric}`, with a window such as `during(STEP)` before it")
        }
        Kind::TakesNoWindow { .. } => "remove the window".to_owned(),
        Kind::UnknownMetric { metric } => {
            Nearest::in_table(metric, &Metric::NAMES).to_string()
        }
        Kind::UnknownWindow { .. } => {
            "windows: `steady`, `during(STEP)`, `recovered(STEP)`, `after(STEP)`, or none for all traffic".to_owned()
        }
    }
}
