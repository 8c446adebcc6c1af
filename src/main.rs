//! The program `coalmine`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    coalmine::cli::main()
}
