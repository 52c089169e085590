// Files of data/official_population inside the program. Where they lie: include path, set in CMakeLists.txt.
  .section .rodata
  .balign 64
  .globl genbid_official_agents_begin
  .globl genbid_official_agents_end
genbid_official_agents_begin:
  .incbin "agents.safetensors"
genbid_official_agents_end:
  .balign 64
  .globl genbid_onlinelp_tables_begin
  .globl genbid_onlinelp_tables_end
genbid_onlinelp_tables_begin:
  .incbin "onlinelp_tables.safetensors"
genbid_onlinelp_tables_end:
  .section .note.GNU-stack,"",%progbits
