//! Which templates, labs and scenarios can be named.

use crate::{
    model::{
        load::{Shelf, template_front_matter},
        problems::Problems,
        source::SourceFile,
        template::FrontMatter,
    },
    shipped,
};

/// A cluster template: what it declares, and its file.
#[derive(Clone, Debug)]
pub struct ClusterTemplate {
    pub name: String,
    pub front_matter: FrontMatter,
    pub file: SourceFile,
    /// Where its body begins in the file.
    pub(super) body_at: usize,
}

/// Everything that has a name.
#[derive(Clone, Debug)]
pub struct Catalogue {
    clusters: Vec<ClusterTemplate>,
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
            clusters.push(ClusterTemplate { name, front_matter, file, body_at });
        }
        Ok(Self { clusters })
    }

    #[must_use]
    pub fn clusters(&self) -> &[ClusterTemplate] {
        &self.clusters
    }

    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&ClusterTemplate> {
        self.clusters.iter().find(|template| template.name == name)
    }
}

impl Shelf for Catalogue {
    fn template(&self, name: &str) -> Option<FrontMatter> {
        self.cluster(name).map(|template| template.front_matter.clone())
    }

    fn template_names(&self) -> Vec<String> {
        self.clusters.iter().map(|template| template.name.clone()).collect()
    }

    fn shipped_lab(&self, name: &str) -> Option<SourceFile> {
        let text = shipped::named(&shipped::LABS, name)?;
        Some(SourceFile::new(format!("scenarios/labs/{name}.yaml"), text))
    }

    fn shipped_lab_names(&self) -> Vec<String> {
        shipped::LABS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}
