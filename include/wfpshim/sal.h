/* Microsoft's source annotations say something to its analyser only: here they are empty.
 * The older spelling (__in, __out) is left out: libstdc++ uses those names itself. */
#ifndef WFPSHIM_SAL_H
#define WFPSHIM_SAL_H

#define _In_
#define _In_opt_
#define _In_z_
#define _In_opt_z_
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_z_(count)
#define _In_reads_bytes_(count)
#define _In_reads_bytes_opt_(count)
#define _In_range_(low, high)
#define _Out_
#define _Out_opt_
#define _Out_writes_(count)
#define _Out_writes_z_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_bytes_(count)
#define _Out_writes_bytes_opt_(count)
#define _Out_writes_to_(size, count)
#define _Out_writes_to_opt_(size, count)
#define _Out_writes_bytes_to_(size, count)
#define _Out_writes_bytes_to_opt_(size, count)
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Inout_updates_(count)
#define _Inout_updates_opt_(count)
#define _Inout_updates_bytes_(count)
#define _Inout_updates_bytes_opt_(count)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_bytebuffer_(count)
#define _COM_Outptr_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_z_
#define _Reserved_
#define _Success_(expression)
#define _Must_inspect_result_
#define _Check_return_
#define _Use_decl_annotations_
#define _Analysis_assume_(expression)
#define _Printf_format_string_
#define _When_(expression, annotation)
#define _At_(target, annotation)
#define _Pre_
#define _Post_
#define _Null_terminated_
#define _Field_size_(count)
#define _Field_size_bytes_(count)
#define _Struct_size_bytes_(count)
#define _Guarded_by_(lock)
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#define _Function_class_(name)
#define _Interlocked_operand_
#define IN
#define OUT
#define OPTIONAL

#endif
