package clock

// CMOS holds the registers of an MC146818 real time clock, as read while register
// A's update bit was off. Century is 0 where there is no such register.
type CMOS struct {
	Second, Minute, Hour, Day, Month, Year, Century uint8
	StatusB                                         uint8 // data mode and hour mode
}

// Unix returns the seconds since 1970-01-01 00:00:00 UTC, taking the registers as
// UTC, and false when they hold no date.
func (c CMOS) Unix() (seconds int64, ok bool) { return 0, false }

// Days returns the days from 1970-01-01 to the given date of the proleptic
// Gregorian calendar.
func Days(year, month, day int) int64 { return 0 }
