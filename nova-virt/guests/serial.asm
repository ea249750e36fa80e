; The smallest guest with a life of its own: one 512-byte boot sector.
;
; It says NOVA-GUEST-UP on the first serial port, halts its processor, and when the ACPI power
; button is pressed says NOVA-GUEST-DOWN and powers itself off. Made for QEMU's `pc` machine, whose
; firmware puts the ACPI power management registers at port 0x600.
;
; To assemble:  nasm -f bin -o serial.bin serial.asm

        bits    16
        org     0x7c00

UART            equ     0x3f8           ; first serial port: data
UART_STATUS     equ     UART + 5        ; its line status; bit 5: room for a byte
PM_STATUS       equ     0x600           ; ACPI PM1: what happened; written ones clear
PM_ENABLE       equ     0x602           ; ACPI PM1: what to take notice of
PM_CONTROL      equ     0x604           ; ACPI PM1: where to go
POWER_BUTTON    equ     1 << 8          ; in PM_STATUS and PM_ENABLE
SOFT_OFF        equ     1 << 13         ; in PM_CONTROL: sleep, of type 0, which is S5 there

start:
        cli
        cld
        jmp     0:.flat                 ; some firmware jumps to 07c0:0000
.flat:
        xor     ax, ax
        mov     ds, ax
        mov     ss, ax
        mov     sp, start
        mov     dx, PM_ENABLE
        mov     ax, POWER_BUTTON
        out     dx, ax
        mov     si, up
        call    say

; The firmware's timer interrupt ends each halt, 18 times a second: often enough for a button, and
; next to no work for the host.
rest:
        sti
        hlt
        mov     dx, PM_STATUS
        in      ax, dx
        test    ax, POWER_BUTTON
        jz      rest
        mov     ax, POWER_BUTTON
        out     dx, ax
        mov     si, down
        call    say
        mov     dx, PM_CONTROL
        mov     ax, SOFT_OFF
        out     dx, ax
        jmp     rest

; Writes the text at SI, which ends with a zero. A port that never gets ready is not waited for.
say:
        lodsb
        test    al, al
        jz      .end
        mov     ah, al
        xor     cx, cx
        mov     dx, UART_STATUS
.wait:
        in      al, dx
        test    al, 1 << 5
        loopz   .wait
        mov     dx, UART
        mov     al, ah
        out     dx, al
        jmp     say
.end:
        ret

up:     db      "NOVA-GUEST-UP", 13, 10, 0
down:   db      "NOVA-GUEST-DOWN", 13, 10, 0

        times   510 - ($ - $$) db 0
        dw      0xaa55
