# Writes golden.txt: some 600 lines of NormalizationTest.txt (Unicode 15.0, Debian's package
# unicode-data), which says of a text (column 1) what its form C is (column 2): all of
# part 0, which has the special cases, every 60th of part 1 (single characters), and
# every 6th of parts 2 and 3 (marks in any order).
#
#   bzcat /usr/share/unicode/NormalizationTest.txt.bz2 | python3 golden.py >golden.txt
import sys
part, count = "", 0
for line in sys.stdin:
    if line.startswith("@"):
        part, count = line.split()[0], 0
    elif not line.startswith("#") and (count := count + 1) % {"@Part0": 1, "@Part1": 60, "@Part2": 6, "@Part3": 6}[part] == 0:
        print(";".join(line.split(";")[:2]))
