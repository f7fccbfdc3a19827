#!/bin/bash
# boot.sh IMAGE PLAN: boots IMAGE in QEMU (microvm, TCG) and checks what it does against PLAN, a file of lines
#
#   seconds N       how long the guest may take
#   status N        the code that it must exit with
#   append WORDS    kernel command line
#   qemu OPTION     a further option of QEMU, one word
#   want REGEX      must match a line of the serial output
#   unwant REGEX    must match none
#
# PASS or the reason for FAIL is the last line, after the whole output.
set -u
image=$1 plan=$2

seconds=50 status=0 append='' options=() want=() unwant=()
while read -r key value; do
  case $key in
    seconds) seconds=$value ;;
    status) status=$value ;;
    append) append=$value ;;
    qemu) options+=("$value") ;;
    want) want+=("$value") ;;
    unwant) unwant+=("$value") ;;
    *) echo "FAIL $plan: unknown key $key"; exit 2 ;;
  esac
done < "$plan"

fail() { echo "FAIL $*"; exit 1; }
command -v qemu-system-x86_64 > /dev/null || fail "no qemu-system-x86_64 on PATH; ./dev has one"

log=${TEST_TMPDIR:-/tmp}/serial.$$.log
[ -z "$append" ] || options+=(-append "$append")
timeout -k 5 "$seconds" qemu-system-x86_64 \
  -M microvm,pit=on,pic=on,rtc=on -accel tcg -cpu max -m 256M \
  -global virtio-mmio.force-legacy=false -nodefaults -no-user-config -display none -no-reboot \
  -serial stdio -device isa-debug-exit,iobase=0x501 \
  -kernel "$image" "${options[@]}" < /dev/null 2>&1 | tr -d '\r' > "$log"
got=${PIPESTATUS[0]}
cat "$log"

case $got in
  124 | 137) fail "the guest did not end within $seconds s" ;;
esac
# isa-debug-exit: QEMU's exit status is twice the value written, plus one.
[ $((got % 2)) = 1 ] || fail "the guest ended without an exit code (QEMU's exit status is $got)"
[ $((got / 2)) = "$status" ] || fail "the guest's exit code is $((got / 2)), want $status"
for regex in "${want[@]}"; do
  grep -Eqa -- "$regex" "$log" || fail "no line matches: $regex"
done
for regex in "${unwant[@]}"; do
  ! grep -Eqa -- "$regex" "$log" || fail "a line matches: $regex"
done
echo "PASS $plan"
