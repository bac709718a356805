//! Which figures can be seen at all, and so which expectations can neither fail nor pass: they
//! look like checks, and prove nothing.
//!
//! What is declared counts. That a machine is late, heals late or sends late, moves a figure by a
//! little; a limit that only this can break says nothing of the clusters either.

use std::{fmt, time::Duration};

use super::{
    expectation::{Class, Expectation, Metric, Op, Value},
    problem::Problem,
    units::{Percent, Rate, Span},
};

/// What a scenario says of the traffic and the window that an expectation speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    /// Of each stream.
    pub(crate) rate: Rate,
    pub(crate) timeout: Duration,
    /// Whether any good answer can be `slow`.
    pub(crate) has_slow: bool,
    /// Whether any answer of the expected status can be `wrong`.
    pub(crate) has_wrong: bool,
    /// The longest that the window, or the fault of an `rto`, can last.
    pub(crate) lasts: Option<Duration>,
}

/// Why no figure is greater, or smaller.
#[derive(Clone, Debug, PartialEq)]
pub enum Because {
    /// Who has not recovered when the fault is over is only known to need longer than that.
    FaultLasts(Span),
    NeverNegative,
    NoName,
    NoSlow,
    NoTls,
    NoWrong,
    /// Only this role's cluster is behind the traffic.
    OnlyAnswers(String),
    Rate(Rate),
    /// So many are due in the window.
    Requests {
        count: u64,
        lasts: Span,
    },
    Share,
    Timeout(Span),
    WindowLasts(Span),
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FaultLasts(lasts) => write!(
                f,
                "the fault is over after {lasts}, and who has not recovered by then is only known to need longer than that"
            ),
            Self::NeverNegative => f.write_str("no figure is below 0"),
            Self::NoName => f.write_str("no request looks a name up"),
            Self::NoSlow => f.write_str("the traffic does not say what is `slow`"),
            Self::NoWrong => f.write_str(
                "the traffic says neither by `expect` which body is right nor by `answeredBy` who gives it",
            ),
            Self::NoTls => f.write_str("no request speaks TLS"),
            Self::OnlyAnswers(role) => write!(f, "nobody but `{role}` can answer this traffic"),
            Self::Rate(rate) => write!(f, "requests are sent at {rate}"),
            Self::Requests { count, lasts } => {
                write!(f, "no more than {count} requests are due in a window of {lasts}")
            }
            Self::Share => f.write_str("no share is above 100%"),
            Self::Timeout(timeout) => {
                write!(f, "no good answer comes after the traffic's `timeout: {timeout}`")
            }
            Self::WindowLasts(lasts) => write!(f, "its window lasts no longer than {lasts}"),
        }
    }
}

/// Refuses what no run can break, and what none can meet.
pub(crate) fn check(expectation: &Expectation, known: &Known) -> Result<(), Problem> {
    let Expectation { op, value, .. } = expectation;
    let Some(bound) = number(value) else { return Ok(()) };
    let top = Top::of(expectation, known);
    if !top.can_meet(opposite(*op), bound) {
        let (because, help) = top.words(*op, bound);
        return Err(Problem::CannotFail { expectation: shown(expectation), because, help });
    }
    if !top.can_meet(*op, bound) {
        let (because, help) = top.words(*op, bound);
        return Err(Problem::CannotPass { expectation: shown(expectation), because, help });
    }
    Ok(())
}

/// Refuses to ask who answered where that is settled: `reach` are the roles that can.
pub(crate) fn check_role(expectation: &Expectation, reach: &[String]) -> Result<(), Problem> {
    let Value::Role(role) = &expectation.value else { return Ok(()) };
    match reach {
        reach if !reach.contains(role) => {
            Err(Problem::OutOfReach { role: role.clone(), reach: reach.to_vec() })
        }
        [_] => {
            let expectation_shown = shown(expectation);
            let because = Because::OnlyAnswers(role.clone());
            let help = "leave it out, or send the traffic through the front door".to_owned();
            Err(match expectation.op {
                Op::Equal => Problem::CannotFail { expectation: expectation_shown, because, help },
                _ => Problem::CannotPass { expectation: expectation_shown, because, help },
            })
        }
        _ => Ok(()),
    }
}

/// The end of the figures that can be seen; all of them begin at 0.
struct Top {
    most: f64,
    /// The same in the value's unit.
    shown: Value,
    edge: Edge,
    because: Because,
}

/// Whether the greatest figure can be seen.
#[derive(Clone, Copy, PartialEq)]
enum Edge {
    Below,
    Reached,
    /// And a little more, but not how much.
    Beyond,
}

impl Top {
    fn of(expectation: &Expectation, known: &Known) -> Self {
        let Expectation { metric, value, .. } = expectation;
        if let Metric::Count(class) = *metric
            && let Some(because) = never(class, known)
        {
            let is_share = matches!(value, Value::Percent(_));
            return Self::at(if is_share { percent(0.0) } else { Value::Count(0) }, because);
        }
        match (*metric, value) {
            (_, Value::Percent(_)) => Self::at(percent(100.0), Because::Share),
            (Metric::Percentile(_), _) => {
                let timeout = Span(known.timeout);
                let top = Self::at(Value::Duration(timeout), Because::Timeout(timeout));
                Self { edge: Edge::Below, ..top }
            }
            (Metric::Rate, _) => Self::at(Value::Rate(known.rate), Because::Rate(known.rate)),
            (metric, value) => match known.lasts {
                Some(lasts) => Self::in_window(metric, value, known.rate, lasts),
                None => Self::endless(),
            },
        }
    }

    fn in_window(metric: Metric, value: &Value, rate: Rate, lasts: Duration) -> Self {
        let count = scheduled(rate, lasts);
        let requests = Because::Requests { count, lasts: Span(lasts) };
        match (metric, value) {
            (Metric::Rto, _) => Self {
                edge: Edge::Beyond,
                ..Self::at(Value::Duration(Span(lasts)), Because::FaultLasts(Span(lasts)))
            },
            (Metric::Downtime, _) => {
                Self::at(Value::Duration(Span(lasts)), Because::WindowLasts(Span(lasts)))
            }
            (Metric::Lost, Value::Duration(_)) => {
                Self::at(Value::Duration(Span(time_of(count, rate))), requests)
            }
            // Between two bad spans lies a good request.
            (Metric::Flaps, _) => {
                Self::at(Value::Count(count.div_ceil(2).saturating_sub(1)), requests)
            }
            (Metric::Lost | Metric::Count(_), _) => Self::at(Value::Count(count), requests),
            _ => Self::endless(),
        }
    }

    fn at(shown: Value, because: Because) -> Self {
        let most = number(&shown).unwrap_or(f64::INFINITY);
        Self { most, shown, edge: Edge::Reached, because }
    }

    fn endless() -> Self {
        let top = Self::at(Value::Count(u64::MAX), Because::NeverNegative);
        Self { most: f64::INFINITY, ..top }
    }

    /// Whether some figure compares so with `bound`.
    fn can_meet(&self, op: Op, bound: f64) -> bool {
        let at_most = bound.total_cmp(&self.most);
        match op {
            Op::Less => bound > 0.0,
            Op::LessEqual => true,
            Op::Greater => at_most.is_lt() || at_most.is_eq() && self.edge == Edge::Beyond,
            Op::Equal | Op::GreaterEqual => {
                at_most.is_lt() || at_most.is_eq() && self.edge != Edge::Below
            }
            Op::NotEqual => self.most > 0.0 || bound > 0.0,
        }
    }

    /// Why the bound is no bound, and what would be one.
    fn words(&self, op: Op, bound: f64) -> (Because, String) {
        let at_the_bottom = bound <= 0.0 && matches!(op, Op::Less | Op::GreaterEqual);
        if at_the_bottom && self.most > 0.0 {
            return (Because::NeverNegative, "write a value above 0".to_owned());
        }
        let help = match &self.because {
            Because::NoWrong => {
                "add `expect: {body: …}` or `answeredBy: {header: …}` to the traffic".to_owned()
            }
            Because::NoSlow => "add `slow: 500ms` or the like to the traffic".to_owned(),
            _ if self.most <= 0.0 => "leave it out".to_owned(),
            _ if self.bites(op) => format!("write at most `{}`", self.shown),
            _ => format!("write less than `{}`", self.shown),
        };
        (self.because.clone(), help)
    }

    /// Whether the greatest figure itself is a bound that can be met and missed.
    fn bites(&self, op: Op) -> bool {
        self.can_meet(op, self.most) && self.can_meet(opposite(op), self.most)
    }
}

/// Why no request ever has this class.
fn never(class: Class, known: &Known) -> Option<Because> {
    match class {
        // Traffic is plain HTTP to addresses of this host.
        Class::Dns => Some(Because::NoName),
        Class::Tls => Some(Because::NoTls),
        Class::Slow if !known.has_slow => Some(Because::NoSlow),
        Class::Wrong if !known.has_wrong => Some(Because::NoWrong),
        _ => None,
    }
}

/// How many requests of a stream can be due in a window.
fn scheduled(rate: Rate, lasts: Duration) -> u64 {
    let count = (rate.per_second() * lasts.as_secs_f64()).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 10000/s for a week, and not negative"
    )]
    let count = count as u64;
    count
}

#[expect(clippy::cast_precision_loss, reason = "at most 10000/s for a week")]
fn time_of(count: u64, rate: Rate) -> Duration {
    Duration::from_secs_f64(count as f64 / rate.per_second())
}

const fn percent(share: f64) -> Value {
    Value::Percent(Percent(share))
}

const fn opposite(op: Op) -> Op {
    match op {
        Op::Equal => Op::NotEqual,
        Op::Greater => Op::LessEqual,
        Op::GreaterEqual => Op::Less,
        Op::Less => Op::GreaterEqual,
        Op::LessEqual => Op::Greater,
        Op::NotEqual => Op::Equal,
    }
}

/// A value as a number; the unit is that of its kind.
#[expect(clippy::cast_precision_loss, reason = "compared with figures that are far below 2^53")]
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Count(count) => Some(*count as f64),
        Value::Duration(span) => Some(span.0.as_secs_f64()),
        Value::Percent(percent) => Some(percent.0),
        Value::Rate(rate) => Some(rate.per_second()),
        Value::Role(_) => None,
    }
}

/// `lost >= 0`: without window and subject, which are not at fault.
fn shown(expectation: &Expectation) -> String {
    let Expectation { metric, op, value, .. } = expectation;
    format!("{metric} {op} {value}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A window or fault of 60 s on a stream of 20/s with a timeout of 1 s and nothing `slow`.
    fn known() -> Known {
        let lasts = Some(Duration::from_secs(60));
        let (rate, timeout) = ("20/s".parse().unwrap(), Duration::from_secs(1));
        Known { rate, timeout, has_slow: false, has_wrong: true, lasts }
    }

    fn said(text: &str, known: &Known) -> String {
        let step =
            if text.starts_with("rto") || text.starts_with("failback") { "freeze." } else { "" };
        let expectation = format!("{step}shop.{text}").parse().expect("it is well formed");
        match check(&expectation, known) {
            Ok(()) => "can do both".to_owned(),
            Err(problem) => problem.to_string(),
        }
    }

    #[rstest]
    #[case("lost >= 0", "no figure is below 0")]
    #[case("lost >= 0%", "no figure is below 0")]
    #[case("lost >= 0s", "no figure is below 0")]
    #[case("failback >= 0s", "no figure is below 0")]
    #[case("lost <= 100%", "no share is above 100%")]
    #[case("lost <= 1m", "no more than 1200 requests are due in a window of 1m")]
    #[case("lost < 61s", "no more than 1200 requests are due in a window of 1m")]
    #[case("timeout <= 1200", "no more than 1200 requests are due in a window of 1m")]
    #[case("timeout != 1201", "no more than 1200 requests are due in a window of 1m")]
    #[case("flaps <= 599", "no more than 1200 requests are due in a window of 1m")]
    #[case("downtime <= 1m", "its window lasts no longer than 1m")]
    #[case("p99 <= 1s", "no good answer comes after the traffic's `timeout: 1s`")]
    #[case("p99 < 1s", "no good answer comes after the traffic's `timeout: 1s`")]
    #[case("rate <= 20/s", "requests are sent at 20/s")]
    #[case("rate < 21/s", "requests are sent at 20/s")]
    #[case(
        "rto <= 61s",
        "the fault is over after 1m, and who has not recovered by then is only known to need longer than that"
    )]
    #[case("slow == 0", "the traffic does not say what is `slow`")]
    #[case("slow <= 1%", "the traffic does not say what is `slow`")]
    #[case("dns == 0", "no request looks a name up")]
    #[case("tls == 0", "no request speaks TLS")]
    fn what_no_run_can_break_is_refused(#[case] text: &str, #[case] why: &str) {
        assert_eq!(said(text, &known()), format!("`{text}` cannot fail: {why}"));
    }

    #[rstest]
    #[case("lost < 0", "no figure is below 0")]
    #[case("p50 < 0s", "no figure is below 0")]
    #[case("ok >= 1201", "no more than 1200 requests are due in a window of 1m")]
    #[case("lost > 1m", "no more than 1200 requests are due in a window of 1m")]
    #[case("ok > 100%", "no share is above 100%")]
    #[case("p99 >= 1s", "no good answer comes after the traffic's `timeout: 1s`")]
    #[case("rate >= 21/s", "requests are sent at 20/s")]
    #[case("rate > 20/s", "requests are sent at 20/s")]
    #[case("rate == 21/s", "requests are sent at 20/s")]
    #[case(
        "rto > 61s",
        "the fault is over after 1m, and who has not recovered by then is only known to need longer than that"
    )]
    #[case("slow >= 1", "the traffic does not say what is `slow`")]
    fn what_no_run_can_meet_is_refused(#[case] text: &str, #[case] why: &str) {
        assert_eq!(said(text, &known()), format!("`{text}` cannot pass: {why}"));
    }

    #[rstest]
    #[case::none_of_them("lost == 0")]
    #[case("lost <= 0")]
    #[case("lost > 0")]
    #[case::all_but_one("lost < 60s")]
    #[case("lost <= 59.95s")]
    #[case("lost < 100%")]
    #[case("lost == 100%")]
    #[case("timeout <= 1199")]
    #[case("ok >= 1200")]
    #[case("flaps <= 598")]
    #[case("downtime < 60s")]
    #[case("p99 <= 999ms")]
    #[case("rate >= 20/s")]
    #[case("rate < 20/s")]
    #[case::not_recovering_fails_it("rto <= 60s")]
    #[case::not_recovering_meets_it("rto > 60s")]
    #[case::nobody_knows_when_traffic_ends("failback <= 24h")]
    fn what_can_do_both_is_left_alone(#[case] text: &str) {
        assert_eq!(said(text, &known()), "can do both");
    }

    #[rstest]
    #[case("lost <= 60s")]
    #[case("timeout <= 1200")]
    #[case("downtime <= 168h")]
    #[case("slow == 0")]
    fn what_is_not_known_is_held_against_nobody(#[case] text: &str) {
        let unknown = Known { has_slow: true, lasts: None, ..known() };
        assert_eq!(said(text, &unknown), "can do both");
    }

    #[test]
    fn a_request_that_begins_a_period_counts_whole() {
        let known = Known { lasts: Some(Duration::from_millis(120)), ..known() };
        assert_eq!(said("lost <= 120ms", &known), "can do both", "three requests are 150 ms");
        assert!(said("lost <= 150ms", &known).contains("cannot fail"));
    }
}
