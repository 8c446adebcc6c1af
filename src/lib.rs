//! coalmine: a discrete-event simulator of progressive delivery.
