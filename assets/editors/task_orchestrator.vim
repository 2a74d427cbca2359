" Vim 8.1 or newer: put this file into ~/.vim/plugin/.
" :TaskOrchestratorRestart or <Leader>tr restarts the server of the workspace that the
" edited file lies in, while Vim stays usable, and shows the outcome.
if exists('g:loaded_task_orchestrator')
  finish
endif
let g:loaded_task_orchestrator = 1

let s:job = v:null
let s:lines = []

function! s:Heard(channel, line) abort
  call add(s:lines, a:line)
endfunction

function! s:Fail(text) abort
  echohl ErrorMsg
  echomsg 'Task Orchestrator: ' . a:text
  echohl None
endfunction

" The outcome: a line for a restart that is complete, everything for one that is not.
function! s:Tell() abort
  let l:code = job_info(s:job).exitval
  if l:code == 0
    echomsg 'Task Orchestrator: ' . get(s:lines, 0, 'restart complete')
  else
    for l:line in s:lines
      call s:Fail(l:line)
    endfor
    call s:Fail('restart failed, exit code ' . l:code)
  endif
  let s:job = v:null
endfunction

" Both have to be over: output can come after the exit, and the exit after the output.
function! s:Over(...) abort
  if s:job isnot v:null && job_status(s:job) !=# 'run' && ch_status(s:job) ==# 'closed'
    call s:Tell()
  endif
endfunction

function! TaskOrchestratorRestart() abort
  if TaskOrchestratorRuns()
    echomsg 'Task Orchestrator: a restart runs already'
    return
  endif
  if !executable('task-orchestrator')
    call s:Fail('task-orchestrator is not in $PATH')
    return
  endif
  let s:lines = []
  echomsg 'Task Orchestrator: restarting'
  try
    let s:job = job_start(['task-orchestrator', 'restart', '--quiet'], {
          \ 'cwd': empty(expand('%')) ? getcwd() : expand('%:p:h'),
          \ 'in_io': 'null',
          \ 'callback': function('s:Heard'),
          \ 'close_cb': function('s:Over'),
          \ 'exit_cb': function('s:Over'),
          \ })
  catch
    let s:job = v:null
    call s:Fail(v:exception)
    return
  endtry
  if job_status(s:job) ==# 'fail'
    let s:job = v:null
    call s:Fail('task-orchestrator cannot be run')
  endif
endfunction

function! TaskOrchestratorRuns() abort
  return s:job isnot v:null
endfunction

command! -bar TaskOrchestratorRestart call TaskOrchestratorRestart()
if !hasmapto(':TaskOrchestratorRestart') && empty(maparg('<Leader>tr', 'n'))
  nnoremap <silent> <Leader>tr :TaskOrchestratorRestart<CR>
endif
