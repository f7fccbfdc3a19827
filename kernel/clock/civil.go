package clock

// CMOS holds the registers of an MC146818 real time clock, as read while register
// A's update bit was off. Century is 0 where there is no such register.
type CMOS struct {
	Second, Minute, Hour, Day, Month, Year, Century uint8
	StatusB                                         uint8 // data mode and hour mode
}

// Bits of register B. MC146818 data sheet; Intel ICH "RTC_REGB".
const (
	binaryMode = 1 << 2 // DM: registers are binary, else BCD
	hour24     = 1 << 1 // 24/12: hours are 0..23, else 1..12 with bit 7 for p.m.
	pmBit      = 1 << 7
)

// Unix returns the seconds since 1970-01-01 00:00:00 UTC, taking the registers as
// UTC, and false when they hold no date between 1970 and 2169. Without a century
// register, years below 70 are of this century.
func (c CMOS) Unix() (seconds int64, ok bool) {
	bcd := c.StatusB&binaryMode == 0
	pm := c.StatusB&hour24 == 0 && c.Hour&pmBit != 0
	if c.StatusB&hour24 == 0 {
		c.Hour &^= pmBit
	}
	var v [7]int
	for i, r := range [7]uint8{c.Second, c.Minute, c.Hour, c.Day, c.Month, c.Year, c.Century} {
		v[i] = int(r)
		if bcd {
			if r>>4 > 9 || r&15 > 9 {
				return 0, false
			}
			v[i] = int(r>>4)*10 + int(r&15)
		}
	}
	second, minute, hour, day, month, year, century := v[0], v[1], v[2], v[3], v[4], v[5], v[6]
	if c.StatusB&hour24 == 0 {
		if hour < 1 || hour > 12 {
			return 0, false
		}
		hour %= 12
		if pm {
			hour += 12
		}
	}
	switch {
	case year > 99:
		return 0, false
	case century != 0:
		year += century * 100
	case year < 70:
		year += 2000
	default:
		year += 1900
	}
	if second > 59 || minute > 59 || hour > 23 || year < 1970 || year > 2169 ||
		month < 1 || month > 12 || day < 1 || day > monthDays(year, month) {
		return 0, false
	}
	return Days(year, month, day)*86400 + int64(hour*3600+minute*60+second), true
}

// monthDays returns the number of days in a month, 1 to 12.
func monthDays(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Days returns the days from 1970-01-01 to the given date of the proleptic
// Gregorian calendar, for years from 0 on. The year is counted from March, so
// that the leap day is its last; month lengths from there are 153 days in five.
func Days(year, month, day int) int64 {
	y, m := int64(year), int64(month)
	if m <= 2 {
		y--
		m += 12
	}
	const march0 = 719469 // days from 0000-03-01 to 1970-01-01, plus 1: days count from 1
	return 365*y + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) + (153*(m-3)+2)/5 + int64(day) - march0
}

// floorDiv returns a/b rounded down, for b > 0.
func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}
