//! The arithmetic of gates and of many runs, against published and recomputed figures.

mod statistics {
    mod accuracy;
    mod coverage;
    mod merging;
    mod plans;
    mod rules;
}
