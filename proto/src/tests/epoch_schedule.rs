//! Which L1 block belongs to which epoch (rule R1).

use proptest::prelude::*;

use crate::{
    Epoch, EpochSchedule, ORIGIN_NUMBER_MAX, ScheduleError,
    limits::{EPOCH_LENGTH_MAX, EPOCH_LENGTH_MIN},
};

#[test]
fn epochs_outside_the_bounds_of_the_contract_are_refused() {
    for length in [0, EPOCH_LENGTH_MIN - 1, EPOCH_LENGTH_MAX + 1] {
        assert_eq!(EpochSchedule::new(1, length), Err(ScheduleError::Length(length)));
    }
    assert!(EpochSchedule::new(1, EPOCH_LENGTH_MIN).is_ok());
    assert!(EpochSchedule::new(1, EPOCH_LENGTH_MAX).is_ok());
}

#[test]
fn start_that_no_header_can_name_is_refused() {
    let above = ORIGIN_NUMBER_MAX + 1;
    assert_eq!(EpochSchedule::new(above, 8), Err(ScheduleError::BlockTooHigh(above)));
    assert!(EpochSchedule::new(ORIGIN_NUMBER_MAX, 8).is_ok());
}

#[test]
fn block_outside_all_epochs_has_none() {
    let schedule = EpochSchedule::new(100, EPOCH_LENGTH_MIN).unwrap();
    assert_eq!(schedule.epoch_of(99), Err(ScheduleError::BeforeStart { block: 99, start: 100 }));
    let above = ORIGIN_NUMBER_MAX + 1;
    assert_eq!(schedule.epoch_of(above), Err(ScheduleError::BlockTooHigh(above)));
    let epoch = Epoch((ORIGIN_NUMBER_MAX - 100) / EPOCH_LENGTH_MIN);
    assert_eq!(
        schedule.epoch_of(ORIGIN_NUMBER_MAX),
        Err(ScheduleError::EpochTooHigh { block: ORIGIN_NUMBER_MAX, epoch })
    );
}

#[test]
fn epochs_begin_where_the_one_before_ends() {
    let schedule = EpochSchedule::new(100, 10).unwrap();
    assert_eq!((schedule.start_block(), schedule.length()), (100, 10));
    let epochs = [100, 109, 110, 119, 120].map(|block| schedule.epoch_of(block).unwrap().0);
    assert_eq!(epochs, [0, 0, 1, 1, 2]);
    assert_eq!((schedule.first_block(Epoch(2)), schedule.first_block(Epoch(3))), (120, 130));
}

#[test]
fn middle_is_the_first_block_of_the_second_half() {
    for (length, middle) in [(4, 2), (5, 2), (10, 5), (7_200, 3_600)] {
        let schedule = EpochSchedule::new(100, length).unwrap();
        assert_eq!(schedule.middle_block(Epoch(3)), 100 + 3 * length + middle);
    }
}

proptest! {
    #[test]
    fn every_block_lies_in_its_epoch(
        start in 0..1u64 << 30,
        length in EPOCH_LENGTH_MIN..=EPOCH_LENGTH_MAX,
        block in 0..1u64 << 31,
    ) {
        let schedule = EpochSchedule::new(start, length).unwrap();
        match schedule.epoch_of(block) {
            Err(error) => prop_assert_eq!(error, ScheduleError::BeforeStart { block, start }),
            Ok(epoch) => {
                let (first, next) = (schedule.first_block(epoch), schedule.first_block(epoch.next()));
                prop_assert!((first..next).contains(&block));
                prop_assert_eq!(next - first, length);
                let middle = schedule.middle_block(epoch);
                prop_assert!(first < middle && middle < next - 1);
            }
        }
    }
}
