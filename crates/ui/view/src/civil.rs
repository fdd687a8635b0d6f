//! Days and times of day from Unix milliseconds, for people.

const DAY_MS: i64 = 86_400_000;

/// A wall-clock moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Civil {
    /// Days since 1970-01-01 where the reader is.
    pub day: i64,
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub date: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Civil {
    /// Unix milliseconds, read `offset_min` minutes east of UTC. (Howard Hinnant, "chrono-compatible date algorithms".)
    pub fn from_ms(ms: u64, offset_min: i32) -> Self {
        let local = i64::try_from(ms).unwrap_or(i64::MAX / 2).saturating_add(i64::from(offset_min) * 60_000);
        let (day, rest) = (local.div_euclid(DAY_MS), local.rem_euclid(DAY_MS));
        let z = day + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self {
            day,
            year: yoe + era * 400 + i64::from(month <= 2),
            month: month as u8,
            date: (doy - (153 * mp + 2) / 5 + 1) as u8,
            hour: (rest / 3_600_000) as u8,
            minute: (rest / 60_000 % 60) as u8,
        }
    }
    /// "14:03".
    pub fn time(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
    /// "22 November 2026".
    pub fn long_day(self) -> String {
        let month = MONTHS.get(usize::from(self.month.saturating_sub(1))).copied().unwrap_or("");
        format!("{} {month} {}", self.date, self.year)
    }
    /// "Today", "Yesterday", or the date.
    pub fn day_name(self, today: Self) -> String {
        match today.day - self.day {
            0 => "Today".into(),
            1 => "Yesterday".into(),
            _ => self.long_day(),
        }
    }
    /// "Today at 14:03", "22 Nov 2026, 14:03": as short as it can be and still say which day.
    pub fn stamp(self, today: Self) -> String {
        match today.day - self.day {
            0 => format!("Today at {}", self.time()),
            1 => format!("Yesterday at {}", self.time()),
            _ => {
                let month =
                    MONTHS.get(usize::from(self.month.saturating_sub(1))).and_then(|m| m.get(..3)).unwrap_or("");
                format!("{} {month} {}, {}", self.date, self.year, self.time())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let t = Civil::from_ms(1_795_350_182_000, 0);
        assert_eq!((t.long_day(), t.time()), ("22 November 2026".into(), "12:23".into()));
        assert_eq!(Civil::from_ms(0, -60).long_day(), "31 December 1969");
        assert_eq!(Civil::from_ms(951_782_400_000, 0).long_day(), "29 February 2000");
        assert_eq!(Civil::from_ms(u64::MAX, 0).time().len(), 5);
    }

    #[test]
    fn the_day_is_the_readers_own() {
        let ms = 1_795_389_000_000;
        let (utc, tokyo) = (Civil::from_ms(ms, 0), Civil::from_ms(ms, 540));
        assert_eq!(utc.day_name(tokyo), "Yesterday");
        assert_eq!(tokyo.day_name(tokyo), "Today");
        assert_eq!(utc.stamp(utc), format!("Today at {}", utc.time()));
    }
}
