#!/bin/bash
# sdk_test.sh IMAGE PROGRAM...: the image has the kernel's runtime, and the programs have not.
set -u
cd "$TEST_SRCDIR" || exit
image=$1
shift
status=0
grep -q 'runtime\.kernBoot' "$image" || { echo "FAIL $image: without the kernel's runtime"; status=1; }
for program; do
  [ -s "$program" ] || { echo "FAIL $program: missing"; status=1; }
  ! grep -q 'runtime\.kernBoot' "$program" || { echo "FAIL $program: with the kernel's runtime"; status=1; }
done
exit "$status"
