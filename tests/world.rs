//! The world: what is served, what fails and what it costs, against closed forms and laws of conservation.

mod world {
    pub(crate) mod case;
    mod closed_forms;
    mod conservation;
    mod faults;
    mod honesty;
    mod pods;
    mod releases;
    mod series;
}
