//! The one time that a bill may have.

/// `SOURCE_DATE_EPOCH`, seconds since 1970, as RFC 3339 has it; none of years with five digits.
/// The calendar is Howard Hinnant's (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
pub fn rfc3339(epoch: u64) -> Option<String> {
    if epoch >= 253_402_300_800 {
        return None;
    }
    let (days, second) = (epoch / 86400 + 719_468, epoch % 86400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    // Counted from March.
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = year + era * 400 + next;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_time() {
        for (epoch, time) in [
            (0, Some("1970-01-01T00:00:00Z")),
            (951_827_696, Some("2000-02-29T12:34:56Z")),
            (1_735_689_599, Some("2024-12-31T23:59:59Z")),
            (1_740_787_200, Some("2025-03-01T00:00:00Z")),
            (253_402_300_799, Some("9999-12-31T23:59:59Z")),
            (253_402_300_800, None),
        ] {
            assert_eq!(rfc3339(epoch).as_deref(), time, "{epoch}");
        }
    }
}
