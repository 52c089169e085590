// Files of data/official_population and data/planner inside the program. Where they lie: include path, set in CMakeLists.txt.
  .section .rodata
  .balign 64
  .globl kGenbidOfficialAgents
  .globl kGenbidOfficialAgentsEnd
kGenbidOfficialAgents:
  .incbin "agents.safetensors"
kGenbidOfficialAgentsEnd:
  .balign 64
  .globl kGenbidOnlineLpTables
  .globl kGenbidOnlineLpTablesEnd
kGenbidOnlineLpTables:
  .incbin "onlinelp_tables.safetensors"
kGenbidOnlineLpTablesEnd:
  .balign 64
  .globl kGenbidPlannerKnowledge
  .globl kGenbidPlannerKnowledgeEnd
kGenbidPlannerKnowledge:
  .incbin "official.safetensors"
kGenbidPlannerKnowledgeEnd:
  .section .note.GNU-stack,"",%progbits
