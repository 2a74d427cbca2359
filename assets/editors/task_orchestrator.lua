-- Neovim 0.7 or newer: put this file into ~/.config/nvim/plugin/.
-- :TaskOrchestratorRestart or <Leader>tr restarts the server of the workspace that the
-- edited file lies in, while Neovim stays usable, and shows the outcome.
if vim.g.loaded_task_orchestrator then
  return
end
vim.g.loaded_task_orchestrator = true

local job = nil

local function tell(text, level)
  vim.notify("Task Orchestrator: " .. text, level)
end

local function restart()
  if job then
    tell("a restart runs already", vim.log.levels.WARN)
    return
  end
  local lines = {}
  local function heard(_, data)
    for _, line in ipairs(data) do
      if line ~= "" then
        table.insert(lines, line)
      end
    end
  end
  local directory = vim.fn.expand("%") == "" and vim.fn.getcwd() or vim.fn.expand("%:p:h")
  local began, started = pcall(vim.fn.jobstart, { "task-orchestrator", "restart", "--quiet" }, {
    cwd = directory,
    stdin = "null",
    -- Buffered, so that whole lines come, and all of them before the exit.
    stdout_buffered = true,
    stderr_buffered = true,
    on_stdout = heard,
    on_stderr = heard,
    on_exit = function(_, code)
      job = nil
      if code == 0 then
        tell(lines[1] or "restart complete", vim.log.levels.INFO)
      else
        table.insert(lines, "restart failed, exit code " .. code)
        tell(table.concat(lines, "\n"), vim.log.levels.ERROR)
      end
    end,
  })
  if began and started > 0 then
    job = started
    tell("restarting", vim.log.levels.INFO)
  else
    tell("task-orchestrator cannot be run: " .. tostring(started), vim.log.levels.ERROR)
  end
end

vim.api.nvim_create_user_command("TaskOrchestratorRestart", restart, {
  desc = "Put the new worker in; clients stay connected",
})
if vim.fn.maparg("<Leader>tr", "n") == "" then
  vim.keymap.set("n", "<Leader>tr", restart, { desc = "Task Orchestrator: restart" })
end
