//! Which templates, labs and scenarios can be named. A user's template goes before a shipped one of
//! the same name, and says so.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    model::{
        load::{Shelf, template_front_matter},
        name::Name,
        problem::Problem,
        problems::{Located, Problems},
        source::{SourceFile, leads_out, nearest_file},
        template::FrontMatter,
    },
    shipped,
};

/// A cluster template: what it declares, its file, and where that is from.
#[derive(Clone, Debug)]
pub struct ClusterTemplate {
    pub name: String,
    pub front_matter: FrontMatter,
    pub file: SourceFile,
    pub origin: Origin,
    /// Where its body begins in the file.
    pub(super) body_at: usize,
}

/// Where a template came from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A directory of the user's; `replaces` is where one of the same name is that it goes before.
    Directory {
        dir: PathBuf,
        replaces: Option<String>,
    },
    Shipped,
}

/// A file in a user's directory that looks like a template and is none.
#[derive(Clone, Debug)]
pub struct Broken {
    pub name: String,
    pub path: PathBuf,
    pub problems: Problems,
}

/// Everything that has a name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    clusters: Vec<ClusterTemplate>,
    broken: Vec<Broken>,
}

impl ClusterTemplate {
    /// Reads a template's file from one of the user's directories.
    pub fn read(dir: &Path, path: &Path) -> Result<Self, Problems> {
        let shown = path.display().to_string();
        if leads_out(dir, path) {
            let problem = Problem::IncludeOutside { path: shown.clone() };
            return Err(Located::nowhere(&shown, problem).into());
        }
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let name: Name = stem
            .parse()
            .map_err(|error| Problems::from(Located::nowhere(&shown, Problem::BadName(error))))?;
        let file = SourceFile::read_regular(path)?;
        let (front_matter, body_at) = template_front_matter(&file)?;
        let origin = Origin::Directory { dir: dir.to_owned(), replaces: None };
        Ok(Self { name: name.to_string(), front_matter, file, origin, body_at })
    }

    /// Whether it comes with seatrial.
    #[must_use]
    pub fn is_shipped(&self) -> bool {
        self.origin == Origin::Shipped
    }

    /// Where it is from, in a word or a path.
    #[must_use]
    pub fn source(&self) -> &str {
        match &self.origin {
            Origin::Directory { .. } => self.file.name(),
            Origin::Shipped => "shipped",
        }
    }

    /// Where one of the same name is that it goes before.
    #[must_use]
    pub fn replaces(&self) -> Option<&str> {
        match &self.origin {
            Origin::Directory { replaces, .. } => replaces.as_deref(),
            Origin::Shipped => None,
        }
    }
}

impl Catalogue {
    /// What comes inside the binary.
    pub fn shipped() -> Result<Self, Problems> {
        let mut clusters = Vec::new();
        for (path, text) in shipped::TEMPLATES {
            let Some(file_name) = path.strip_prefix("clusters/") else { continue };
            let file = SourceFile::new(format!("templates/{path}"), text);
            let (front_matter, body_at) = template_front_matter(&file)?;
            let name = file_name.trim_end_matches(".yaml").to_owned();
            clusters.push(ClusterTemplate {
                name,
                front_matter,
                file,
                origin: Origin::Shipped,
                body_at,
            });
        }
        Ok(Self { clusters, broken: Vec::new() })
    }

    /// The same with the templates of a directory, which go before those that are there already:
    /// every `NAME.yaml` in it. What is wrong with one is said to whoever names it.
    pub fn and_directory(mut self, dir: &Path) -> Result<Self, Problems> {
        for path in yaml_files(dir)? {
            match ClusterTemplate::read(dir, &path) {
                Ok(template) => self.put(template),
                Err(problems) => {
                    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                    self.clusters.retain(|known| known.name != name);
                    self.broken.retain(|known| known.name != name);
                    self.broken.push(Broken { name, path, problems });
                }
            }
        }
        self.clusters.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self)
    }

    fn put(&mut self, mut template: ClusterTemplate) {
        let earlier = self.clusters.iter().position(|known| known.name == template.name);
        let earlier = earlier.map(|at| self.clusters.remove(at));
        self.broken.retain(|known| known.name != template.name);
        if let (Origin::Directory { replaces, .. }, Some(earlier)) = (&mut template.origin, earlier)
        {
            *replaces = Some(earlier.source().to_owned());
        }
        self.clusters.push(template);
    }

    #[must_use]
    pub fn clusters(&self) -> &[ClusterTemplate] {
        &self.clusters
    }

    /// The files that are no templates although they lie where templates do.
    #[must_use]
    pub fn broken(&self) -> &[Broken] {
        &self.broken
    }

    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ClusterTemplate> {
        self.clusters.iter().find(|template| template.name == name)
    }

    /// Whether a name means the same template in both.
    #[must_use]
    pub fn agrees(&self, other: &Self, name: &str) -> bool {
        match (self.cluster(name), other.cluster(name)) {
            (Some(own), Some(other)) => own.reads_as(other),
            _ => false,
        }
    }
}

/// The `*.yaml` of a directory by name, be they files or not.
fn yaml_files(dir: &Path) -> Result<Vec<PathBuf>, Problems> {
    let shown = dir.display().to_string();
    let refuse = |problem| Err(Located::nowhere(&shown, problem).into());
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return refuse(Problem::Missing { path: shown.clone(), nearest: nearest_file(dir) });
        }
        Err(error) => {
            let reason = error.to_string();
            return refuse(Problem::Unreadable { path: shown.clone(), reason });
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => files.push(entry.path()),
            Err(error) => {
                let reason = error.to_string();
                return refuse(Problem::Unreadable { path: shown.clone(), reason });
            }
        }
    }
    files.retain(|path| {
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml");
        // A pipe or a device would be waited for.
        is_yaml && (path.is_file() || path.is_dir() || path.is_symlink())
    });
    files.sort();
    Ok(files)
}

impl Shelf for Catalogue {
    fn template(&self, name: &str) -> Option<FrontMatter> {
        self.cluster(name).map(|template| template.front_matter.clone())
    }

    fn template_names(&self) -> Vec<String> {
        self.clusters.iter().map(|template| template.name.clone()).collect()
    }

    fn template_problems(&self, name: &str) -> Option<Problems> {
        let broken = self.broken.iter().find(|broken| broken.name == name)?;
        Some(broken.problems.clone())
    }

    fn shipped_lab(&self, name: &str) -> Option<SourceFile> {
        let text = shipped::named(&shipped::LABS, name)?;
        Some(SourceFile::new(format!("scenarios/labs/{name}.yaml"), text))
    }

    fn shipped_lab_names(&self) -> Vec<String> {
        shipped::LABS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}
