//! `step` on any sequence of verified inputs, read from bytes (rules A4, V2, F3, N2 and all bounds).

use rota_fuzz::{Target, magnitude};

use super::random::World;

/// Inputs of a sequence.
const INPUTS: usize = 120;

#[test]
fn fuzz_step_takes_any_inputs_and_the_rules_stand() {
    // Some of everything, in several rhythms.
    let seeds = (1..=12u8).map(|step| (0..100u8).map(|at| at.wrapping_mul(step.wrapping_mul(29)) ^ step).collect());
    Target::new(env!("CARGO_MANIFEST_DIR"), "step").seeds(seeds).longest(4 * INPUTS).run(|bytes| {
        let mut world = World::new();
        for [what, a, b, c] in bytes.as_chunks::<4>().0 {
            world.play((*what, *a, *b, *c));
        }
        world.counts().map(|count| magnitude(usize::try_from(count).unwrap()).to_string()).join(" ")
    });
}
