//! The controllers' words.
